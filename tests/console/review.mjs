// A reviewer works the queue from the keyboard: files, declines, finds a duplicate, decides a conflict, takes one back.
import { becomes, equal, holds, journey, look, note, please, scene, shoot, signIn } from './console.mjs';

const { reviewer } = scene.people;
const [first, near, smoke, corner] = scene.findings;

/** Goes through the queue until the finding with these words is shown. */
async function seek(page, words) {
  for (let n = 0; n < 12; n++) await page.keyboard.press('k');
  for (let n = 0; n < 12; n++) {
    if (await page.locator('dd', { hasText: words }).first().isVisible()) return;
    await page.keyboard.press('j');
  }
  throw new Error(`${words} is not in the queue`);
}

const waiting = (page, count) => page.getByText(`待核查 ${count} 件`).waitFor();

await journey(async ({ open }) => {
  const page = await open();
  await signIn(page, reviewer.name);
  equal(new URL(page.url()).pathname, '/review', 'where a reviewer begins');
  await waiting(page, 6);

  await seek(page, '占道堆放纸箱');
  await page.getByRole('img', { name: /照片/ }).first().waitFor();
  await look(page, 'review');

  const began = performance.now();
  await seek(page, '油烟扰民');
  note(`through the queue in ${Math.round(performance.now() - began)} ms`);
  await page.keyboard.press('d');
  await page.keyboard.press('1');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await waiting(page, 5);
  await becomes(smoke, 'declined', 'the one that was declined with a number');

  // The near one is the same as the first.
  await seek(page, '与上一条相近');
  await page.getByText(/9 米/).first().waitFor();
  await page.keyboard.press('u');
  await page.getByRole('dialog').getByRole('button', { name: '重复于此' }).first().waitFor();
  await page.keyboard.press('1');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await waiting(page, 4);
  await becomes(near, 'duplicate', 'the near one');

  // With Caps Lock on, and held down: one is filed, and none of those behind it.
  await seek(page, '占道堆放纸箱');
  for (let n = 0; n < 4; n++) await page.keyboard.down('F');
  await page.keyboard.up('F');
  await waiting(page, 3);
  await becomes(first, 'filed', 'the one that was filed with one key');
  await page.keyboard.press('z');
  await waiting(page, 4);
  await becomes(first, 'reported', 'the one that was taken back');

  // What an inspector finds meanwhile appears by itself, behind the others.
  await please('record', { note: '刚刚发现的堆物' });
  await waiting(page, 5);
  await seek(page, '刚刚发现的堆物');

  // Two accounts, side by side; the dispute is decided before it is filed.
  await seek(page, '路口堆物');
  const dispute = page.locator('section', { has: page.getByRole('heading', { name: '严重程度：说法不一，须裁定' }) });
  for (const text of ['王芳', '张伟', '低', '高']) await dispute.getByText(text, { exact: true }).first().waitFor();
  await shoot(page, 'dispute');
  await dispute.getByRole('button', { name: '采用这个' }).last().click();
  await dispute.waitFor({ state: 'hidden' });
  await page.keyboard.press('h');
  await page.getByText('#', { exact: false }).first().waitFor();
  await page.getByText('裁定冲突').first().waitFor();
  await page.keyboard.press('f');
  await waiting(page, 4);
  await becomes(corner, 'filed', 'the one that was in dispute');

  // One photo of two is here: filing asks why it is not waited for.
  const partial = page.getByText(/照片 [01] \/ 2/).first();
  for (let n = 0; n < 6 && !(await partial.isVisible()); n++) await page.keyboard.press('j');
  for (let n = 0; n < 6 && !(await partial.isVisible()); n++) await page.keyboard.press('k');
  await page.keyboard.press('f');
  await page.getByRole('dialog').getByLabel(/未看照片的原因/).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await becomes(scene.partial, 'reported', 'the one whose photos are on their way');

  // Somebody else decides about what is being looked at.
  await seek(page, '刚刚发现的堆物');
  const other = await please('record', { note: '另一处堆物' });
  // Four before it: the filed, declined and duplicate ones have left.
  await waiting(page, 5);
  await seek(page, '另一处堆物');
  await please('file', { id: other.id });
  await page.getByText('已由他人处理').waitFor();
  holds(await page.getByRole('button', { name: /^立案/ }).isDisabled(), 'what was decided elsewhere is not decided again');
});
