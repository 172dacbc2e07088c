// Two people decide about one finding at once: the second is told, and what they typed is still there.
import { equal, journey, please, scene, signIn } from './console.mjs';

const { reviewer, second } = scene.people;
const [finding] = scene.findings;

await journey(async ({ open }) => {
  const [one, other] = [await open(), await open()];
  await signIn(one, reviewer.name, `/findings/${finding}`);
  await signIn(other, second.name, `/findings/${finding}`);

  await other.getByRole('button', { name: '不予立案', exact: true }).click();
  await other.getByRole('dialog').getByLabel(/理由/).fill('看不清楚');

  await one.getByRole('button', { name: '立案', exact: true }).click();
  await one.getByRole('dialog').getByRole('button', { name: '立案', exact: true }).click();
  await one.getByRole('dialog').waitFor({ state: 'hidden' });

  await other.getByRole('dialog').getByRole('button', { name: '不予立案', exact: true }).click();
  await other.getByText('有人已先一步处理').waitFor();
  equal(await other.getByRole('dialog').getByLabel(/理由/).inputValue(), '看不清楚', 'what the second one typed');
  await other.getByRole('dialog').getByRole('button', { name: '取消' }).click();
  await other.getByText('已立案', { exact: true }).first().waitFor();
  equal((await please('look', { id: finding })).fields.status, 'filed', 'the state in the ledger');

  // Two windows of one browser have one session: what one person opened is not there for the next.
  const beside = await one.context().newPage();
  await beside.goto(`${scene.url}/account`);
  await beside.getByRole('button', { name: '退出登录' }).click();
  await one.getByRole('button', { name: '登录' }).waitFor();
  equal(await one.getByText('已立案').count(), 0, 'what is left on the screen of whoever signed out in another window');
  await signIn(beside, second.name);
  await one.getByLabel('用户名').fill(reviewer.name);
  await one.getByLabel('密码').fill(scene.password);
  await one.getByRole('button', { name: '登录' }).click();
  await beside.getByRole('link', { name: reviewer.name }).waitFor();
});
