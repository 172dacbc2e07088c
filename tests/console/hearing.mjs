// The sealed paper is scanned and attached, a unit's appeal is heard by two people, and the notice is withdrawn.
import { equal, holds, journey, look, members, please, scene, signIn } from './console.mjs';

const { supervisor, leader, office } = scene.people;

await journey(async ({ open }) => {
  const { id } = await please('notice');
  const desk = await open();
  await signIn(desk, supervisor.name, `/notices/${id}`);
  const dialog = desk.getByRole('dialog');
  const { path } = await please('picture', { size: 900 });
  await desk.getByRole('button', { name: '附盖章件', exact: true }).click();
  await dialog.locator('input[type=file]').setInputFiles(path);
  await dialog.getByText('已到达服务器').waitFor();
  await dialog.getByRole('button', { name: '附盖章件', exact: true }).click();
  await dialog.waitFor({ state: 'hidden' });
  await desk.getByText('盖章件').first().waitFor();
  equal((await members(id, 'photos')).length, 1, 'the scan in the ledger');

  await please('appeal', { id });
  await desk.getByText('不属于我单位管辖').first().waitFor();
  holds((await desk.getByRole('button', { name: '审议申诉' }).count()) === 0, 'who issued a notice does not hear the appeal');

  // Two who say the same decide, each in a browser of their own.
  for (const [n, person] of [leader, office].entries()) {
    const page = await open();
    await signIn(page, person.name, `/notices/${id}`);
    const hearing = page.getByRole('dialog');
    await page.getByRole('button', { name: '审议申诉' }).click();
    await hearing.getByLabel(/审议意见/).selectOption({ label: '驳回' });
    await hearing.getByLabel(/理由/).fill(`现场勘查第 ${n + 1} 次，责任清楚`);
    await hearing.getByRole('button', { name: '审议申诉', exact: true }).click();
    await hearing.waitFor({ state: 'hidden' });
    await page.getByText(`现场勘查第 ${n + 1} 次，责任清楚`).first().waitFor();
    if (n === 0) {
      await page.getByText('已有 1 人发表意见').waitFor();
      equal((await please('look', { id })).fields.appeal_result ?? null, null, 'one voice decides nothing');
      await look(page, 'hearing');
    }
  }
  equal((await please('look', { id })).fields.appeal_result, 'rejected', 'what two said');

  // The first browser was told meanwhile.
  await desk.getByText('申诉驳回').first().waitFor();
  await desk.getByRole('button', { name: '撤回', exact: true }).click();
  await dialog.getByLabel(/理由/).fill('责任单位有误');
  await dialog.getByRole('button', { name: '撤回', exact: true }).click();
  await dialog.waitFor({ state: 'hidden' });
  await desk.getByText('已撤回').first().waitFor();
  equal((await please('look', { id })).fields.status, 'withdrawn', 'the notice in the ledger');
  await look(desk, 'withdrawn');
});
