// An administrator lets somebody in: as a user with a one-time link, and a phone by a QR code; and shuts a phone out.
import { equal, holds, journey, look, scene, signIn } from './console.mjs';

const { admin } = scene.people;

await journey(async ({ open }) => {
  const page = await open();
  await signIn(page, admin.name);
  await page.getByRole('heading', { name: '系统管理' }).waitFor();
  const dialog = page.getByRole('dialog');

  await page.getByRole('link', { name: '用户', exact: true }).click();
  await page.getByRole('row', { name: /李静/ }).waitFor();
  await look(page, 'users');
  await page.getByRole('button', { name: '新增' }).click();
  await dialog.getByLabel('名称').fill('林晓');
  await dialog.getByRole('checkbox', { name: '受理员' }).check();
  await dialog.getByRole('button', { name: '保存' }).click();
  const row = page.getByRole('row', { name: /林晓/ });
  await row.waitFor();
  await row.getByText('受理员').waitFor();

  await row.getByRole('button', { name: '密码链接' }).click();
  await dialog.getByRole('button', { name: '生成' }).click();
  const address = await dialog.getByLabel('地址').inputValue();
  holds(await dialog.getByRole('img', { name: '二维码' }).evaluate((image) => image.complete && image.naturalWidth > 0), 'the link can be scanned');
  await dialog.getByRole('button', { name: '关闭' }).click();

  // She opens it at her own desk, once.
  const hers = await open({ language: 'en-GB' });
  await hers.goto(address);
  await hers.getByLabel('New password', { exact: true }).fill(scene.password);
  await hers.getByLabel('The new password once more').fill(scene.password);
  await hers.getByRole('button', { name: 'Choose the password and sign in' }).click();
  await hers.getByRole('heading', { name: 'Review' }).waitFor();
  const again = await open();
  await again.goto(address);
  await again.getByLabel('新密码', { exact: true }).fill(scene.password);
  await again.getByLabel('再输一遍新密码').fill(scene.password);
  await again.getByRole('button', { name: '设置密码并登录' }).click();
  await again.getByText('一次性链接无效').waitFor();

  // Her role is changed while she works.
  await row.getByRole('button', { name: '修改' }).click();
  await dialog.getByRole('checkbox', { name: '派遣员' }).check();
  await dialog.getByRole('button', { name: '保存' }).click();
  await row.getByText('派遣员').waitFor();

  await page.getByRole('row', { name: /王芳/ }).getByRole('button', { name: '手机入网' }).click();
  await dialog.getByRole('button', { name: '生成' }).click();
  holds((await dialog.getByLabel('地址').inputValue()).includes('/enrol#'), 'a phone is enrolled by an address');
  await dialog.getByRole('button', { name: '关闭' }).click();

  await page.getByRole('link', { name: '设备', exact: true }).click();
  const phone = page.getByRole('row', { name: /张伟/ });
  await phone.getByRole('button', { name: '吊销' }).click();
  await dialog.getByLabel('理由').fill('手机丢失');
  await dialog.getByRole('button', { name: '吊销' }).click();
  await phone.getByText('已吊销').waitFor();

  await page.getByRole('link', { name: '区域', exact: true }).click();
  await page.getByRole('button', { name: '新增' }).click();
  await dialog.getByLabel('名称').fill('城南街道');
  await dialog.getByLabel('边界', { exact: true }).fill('{"type":"Polygon"}');
  await dialog.getByText('不是 GeoJSON 的 Polygon').waitFor();
  const ring = [[121.4, 31.1], [121.45, 31.1], [121.45, 31.15], [121.4, 31.1]];
  await dialog.getByLabel('边界', { exact: true }).fill(JSON.stringify({ type: 'Feature', geometry: { type: 'Polygon', coordinates: [ring] } }));
  await dialog.getByLabel('名称').click();
  await dialog.getByText('将保存的边界').waitFor();
  await dialog.getByRole('button', { name: '保存' }).click();
  await page.getByRole('row', { name: /城南街道/ }).waitFor();

  // Two administrators change one area at once: the second is told, and what they typed is still there.
  const colleague = await open();
  await signIn(colleague, admin.name, '/admin/areas');
  const theirs = colleague.getByRole('dialog');
  for (const one of [page, colleague]) await one.getByRole('row', { name: /城南街道/ }).getByRole('button', { name: '修改' }).click();
  await dialog.getByLabel('名称').fill('城南新街道');
  await theirs.getByLabel('名称').fill('南城街道');
  await dialog.getByRole('button', { name: '保存' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await theirs.getByRole('button', { name: '保存' }).click();
  await theirs.getByText('目前：城南新街道').waitFor();
  equal(await theirs.getByLabel('名称').inputValue(), '南城街道', 'what the second one typed');
  await theirs.getByRole('button', { name: '保存' }).click();
  await page.getByRole('row', { name: /南城街道/ }).waitFor();

  await page.getByRole('link', { name: '工作日历', exact: true }).click();
  await page.getByRole('button', { name: '下一个' }).click();
  await page.getByText('2027 年还没有工作日历').waitFor();
  await page.getByRole('button', { name: /2027年1月1日/ }).click();
  // What is not saved stays, wherever one looks meanwhile.
  await page.getByRole('button', { name: '上一个' }).click();
  await page.getByText('2027 年的日历有未保存的改动').waitFor();
  await page.reload();
  await page.getByRole('button', { name: '到 2027 年' }).click();
  await page.getByRole('button', { name: /2027年1月1日.*休息/ }).waitFor();
  await page.getByRole('button', { name: '建立这一年的日历' }).click();
  await page.getByText('已保存。').waitFor();
  await look(page, 'calendar');

  await page.getByRole('link', { name: '检查目录', exact: true }).click();
  await page.getByText('现行').waitFor();
  await page.getByRole('link', { name: '账本状况', exact: true }).click();
  await page.getByText('还没有做过备份').waitFor();
  await look(page, 'health');
  equal(new URL(page.url()).pathname, '/admin/health', 'the page has an address of its own');
});
