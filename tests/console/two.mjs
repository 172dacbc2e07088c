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
});
