// A supervisor searches, puts findings on a notice, looks at the print, issues it, and decides about more time.
import { equal, holds, journey, look, please, scene, shoot, signIn } from './console.mjs';

const { supervisor } = scene.people;
const [first, second, smoke] = scene.findings;

await journey(async ({ open }) => {
  const page = await open();
  await please('file', { id: first });
  await please('file', { id: smoke });
  await signIn(page, supervisor.name, '/findings');
  const list = page.getByRole('region', { name: '问题' });
  await list.getByRole('link').first().waitFor();

  await page.getByRole('searchbox').fill('油烟');
  await page.getByRole('searchbox').press('Enter');
  await page.getByText('共 1 条').waitFor();
  holds(page.url().includes('q='), 'the search is in the address');
  await page.reload();
  await page.getByText('共 1 条').waitFor();
  await page.getByRole('button', { name: '清除筛选' }).click();
  await page.locator('#f-status').selectOption('filed');
  await page.getByText('共 2 条').waitFor();
  await look(page, 'findings');

  const sheet = await page.request.get(`${scene.url}/v1/findings.csv?status=filed`);
  holds((await sheet.text()).includes('油烟扰民'), 'the download holds the same list');

  await page.getByRole('button', { name: '地图' }).click();
  await page.getByText('地图上 2 处').waitFor();
  await page.locator('canvas.maplibregl-canvas').waitFor();
  await shoot(page, 'map');
  // What changes comes onto the map while somebody looks.
  await please('file', { id: second });
  await page.getByText('地图上 3 处').waitFor();
  await page.getByRole('button', { name: '列表' }).click();
  await page.getByText('共 3 条').waitFor();

  // A note about all of them at once, looked at before it is said.
  for (const box of await page.getByRole('checkbox').all()) await box.click();
  await page.getByText('已选 3 件').waitFor();
  await page.getByRole('button', { name: '备注', exact: true }).click();
  await page.getByRole('dialog').getByRole('textbox').fill('请优先安排');
  await page.getByRole('dialog').getByRole('button', { name: '备注', exact: true }).click();
  await page.getByText('已完成 3 / 3，未成功 0').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: '关闭' }).last().click();

  await page.getByText('共 3 条').waitFor();
  for (const box of await page.getByRole('checkbox').all()) await box.click();
  await page.getByRole('button', { name: '合并发督办单' }).click();
  await page.getByLabel(/责任单位/).selectOption({ label: '市容环卫处' });
  await page.getByLabel('扣分').first().fill('0.5');
  await page.getByLabel('整改要求').fill('限期清理，举一反三');
  await page.getByLabel('依据').fill('市容环境卫生管理条例');
  await look(page, 'compose');
  await page.getByRole('button', { name: '保存并预览' }).click();
  await page.getByRole('heading', { name: /草稿（未编号）/ }).waitFor();
  await page.getByText('草稿已保存。').waitFor();
  await page.frameLocator('iframe').getByText('限期清理，举一反三').first().waitFor();
  await page.getByRole('button', { name: '下发', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: '下发', exact: true }).click();
  await page.getByRole('heading', { name: /第0001号/ }).waitFor();
  await look(page, 'notice');
  const notice = new URL(page.url()).pathname.split('/').pop();

  const print = await open();
  await signIn(print, supervisor.name, `/notices/${notice}`);
  await print.goto(`${scene.url}/v1/notices/${notice}/page`);
  await print.getByText('第0001号', { exact: false }).first().waitFor();
  await shoot(print, 'paper');

  await please('want', { id: first });
  const card = page.locator('article', { has: page.locator(`a[href="/findings/${first}"]`) });
  await card.getByText('申请延期').first().waitFor();
  await card.getByRole('button', { name: '准予延期' }).click();
  holds((await page.getByRole('dialog').getByLabel(/截止时间/).inputValue()) !== '', 'the time that is wanted is there already');
  await page.getByRole('dialog').getByRole('button', { name: '准予延期' }).click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  const { fields } = await please('look', { id: first });
  equal(fields.wanted ?? null, null, 'what was wanted is decided');

  await page.goto(`${scene.url}/board`);
  await page.getByRole('link', { name: /第0001号/ }).first().waitFor();
  await look(page, 'board');
});
