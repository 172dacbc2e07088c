// A unit scans the paper, signs for it, and answers with a photo whose upload is cut, on a phone.
import { equal, holds, journey, look, members, please, scene, signIn } from './console.mjs';

const { coordinator } = scene.people;

await journey(async ({ open }) => {
  const { id, findings } = await please('notice');
  const [first, second] = findings;
  const page = await open({ width: 390, height: 800 });
  // The code on the paper leads here; whoever is not signed in signs in and is there.
  await signIn(page, coordinator.name, `/notices/${id}`);
  await page.getByRole('heading', { name: /第0001号/ }).waitFor();
  await page.getByRole('button', { name: '签收', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: '签收', exact: true }).click();
  await page.getByText('已签收').first().waitFor();
  await look(page, 'notice-of-unit');

  await page.getByRole('link', { name: '本单位待办' }).click();
  const card = page.locator('article', { has: page.locator(`a[href="/findings/${first}"]`) });
  await card.getByRole('button', { name: '反馈', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/反馈/).fill('已安排人员清理完毕');

  // The line is slow, and breaks when something has gone over it.
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.emulateNetworkConditions', { offline: false, latency: 5, downloadThroughput: 5e6, uploadThroughput: 150_000 });
  const { path } = await please('picture', { size: 1400 });
  await dialog.locator('input[type=file]').setInputFiles(path);
  await page.waitForFunction(() => {
    const bar = document.querySelector('dialog progress');
    // What the bar shows has left the page; half of it leaves no doubt that some has arrived.
    return bar && bar.value > bar.max / 2 && bar.value < bar.max;
  });
  await please('shut');
  await dialog.getByText('网络中断').waitFor();
  holds(await dialog.getByRole('button', { name: '反馈', exact: true }).isDisabled(), 'a step waits for its photos');
  await devtools.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  await please('open');

  // Loaded again, the words and the photo are there, and it goes on where the server stands.
  const offsets = [];
  page.on('request', (request) => request.method() === 'PATCH' && offsets.push(Number(request.headers()['upload-offset'])));
  await page.reload();
  await card.getByRole('button', { name: '反馈', exact: true }).click();
  equal(await dialog.getByLabel(/反馈/).inputValue(), '已安排人员清理完毕', 'what was typed');
  await dialog.getByText('已到达服务器').waitFor();
  holds(offsets.length === 0 || offsets[0] > 0, `an upload went on from byte ${offsets[0]}`);
  await dialog.getByRole('button', { name: '反馈', exact: true }).click();
  await dialog.waitFor({ state: 'hidden' });
  const replied = await please('look', { id: first });
  equal([replied.fields.status, replied.fields.reply], ['replied', '已安排人员清理完毕'], 'the reply in the ledger');

  // More time for the other one; and it is wrong to be on the notice at all.
  const other = page.locator('article', { has: page.locator(`a[href="/findings/${second}"]`) });
  await other.getByRole('button', { name: '申请延期' }).click();
  await dialog.getByLabel(/申请延期至/).fill('2030-01-05T12:00');
  await dialog.getByLabel(/延期理由/).fill('设备检修');
  await dialog.getByRole('button', { name: '申请延期' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await other.getByText('申请延期').first().waitFor();
  await look(page, 'unit');

  await page.goto(`${scene.url}/notices/${id}`);
  await page.getByRole('button', { name: '申诉', exact: true }).click();
  await dialog.getByRole('textbox').fill('不属于我单位管辖');
  await dialog.getByRole('checkbox', { name: '油烟扰民' }).check();
  await dialog.getByRole('button', { name: '申诉', exact: true }).click();
  await dialog.waitFor({ state: 'hidden' });
  await page.getByText('不属于我单位管辖').first().waitFor();
  equal(await members(id, 'appeal_of'), [second], 'what is appealed against');
  holds((await page.getByText('全部经过').count()) === 0, 'a unit is not told who recorded what');
  // What is not a unit's page is not among its pages.
  equal(await page.getByRole('navigation', { name: '主导航' }).getByRole('link').allInnerTexts(), ['本单位待办'], 'the pages of a unit');
  for (const path of ['/review', '/admin/users']) {
    await page.goto(`${scene.url}${path}`);
    await page.getByRole('heading', { name: '这个页面不属于您的职责' }).waitFor();
  }
  await page.goto(`${scene.url}/findings/%E0%A4%A`);
  await page.getByRole('heading', { name: '没有这个页面' }).waitFor();
});
