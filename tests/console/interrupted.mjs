// A note is being typed when the session ends, when the server restarts, and when the page is loaded again.
import { equal, holds, journey, please, scene, signIn } from './console.mjs';

const { supervisor } = scene.people;
const [, , finding] = scene.findings;

async function notes() {
  const { fields } = await please('look', { id: finding });
  return JSON.stringify(fields);
}

async function begin(page, text) {
  await page.getByRole('button', { name: '备注', exact: true }).click();
  const box = page.getByRole('dialog').getByRole('textbox');
  await box.fill(text);
  return box;
}

const send = (page) => page.getByRole('dialog').getByRole('button', { name: '备注', exact: true }).click();

await journey(async ({ open }) => {
  const page = await open();
  await signIn(page, supervisor.name, `/findings/${finding}`);

  await begin(page, '登录过期之前开始写的备注');
  const heading = await page.getByRole('heading', { level: 1 }).first().elementHandle();
  await please('expire');
  await send(page);
  const again = page.getByRole('dialog').filter({ hasText: '登录已过期' });
  await again.getByLabel('密码').fill(scene.password);
  await again.getByRole('button', { name: '登录' }).click();
  await again.waitFor({ state: 'hidden' });
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await page.getByText('登录过期之前开始写的备注').first().waitFor();
  holds((await notes()).includes('登录过期之前开始写的备注'), 'the note that was being typed when the session ended is in the ledger');
  holds(await heading.evaluate((one) => one.isConnected), 'the page beneath is the one that was open before');

  await begin(page, '服务器重启之前开始写的备注');
  await please('shut');
  await send(page);
  await page.getByText('暂时连不上服务器').waitFor();
  await please('restart');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  const said = await notes();
  equal(said.split('服务器重启之前开始写的备注').length - 1, 1, 'the note is in the ledger once');

  await begin(page, '取消了的备注');
  await please('shut');
  await send(page);
  await page.getByText('暂时连不上服务器').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: '取消' }).click();
  await please('restart');
  await page.getByText('暂时连不上服务器').waitFor({ state: 'hidden' });
  await begin(page, '之后的备注');
  await send(page);
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  const after = await notes();
  holds(after.includes('之后的备注') && !after.includes('取消了的备注'), 'what was cancelled while the line was lost is not said behind it');

  await begin(page, '刷新之前写了一半');
  await page.reload();
  await page.getByRole('button', { name: '备注', exact: true }).click();
  equal(await page.getByRole('dialog').getByRole('textbox').inputValue(), '刷新之前写了一半', 'what was typed before the page was loaded again');
});
