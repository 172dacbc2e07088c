// Takes figures of the console: how long until a queue can be worked, until the next finding is shown, and how long the page
// is deaf at most while a long list is scrolled and many points are put on a map.
import { launched, scene, signIn } from './console.mjs';

const browser = await launched();
const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: 'zh-CN' });
const page = await context.newPage();
page.setDefaultTimeout(120_000);
// Every task over 50 ms, from the first on.
await page.addInitScript(() => {
  globalThis.tasks = [];
  new PerformanceObserver((list) => globalThis.tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask', buffered: true });
});
const longest = async () => Math.round(await page.evaluate(() => Math.max(0, ...globalThis.tasks.splice(0))));
const median = (all) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)];
const say = (what, figure) => console.log(`${what}: ${figure}`);

await signIn(page, scene.who, scene.what === 'queue' ? '/review' : '/findings');
if (scene.what === 'queue') await queue();
else await many();
await browser.close();

async function queue() {
  const loads = [];
  for (let n = 0; n < 5; n++) {
    await page.goto(`${scene.url}/review`, { waitUntil: 'commit' });
    await page.locator('main dd').first().waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll('main img')].some((image) => image.complete && image.naturalWidth > 0));
    loads.push(await page.evaluate(() => performance.now()));
  }
  say('queue with its first photo after navigation, median of 5', `${Math.round(median(loads))} ms`);
  const steps = await page.evaluate(async () => {
    const taken = [];
    for (let n = 0; n < 15; n++) {
      const facts = document.querySelector('main dl');
      const before = facts?.textContent;
      const began = performance.now();
      dispatchEvent(new KeyboardEvent('keydown', { key: 'j', bubbles: true }));
      while (document.querySelector('main dl')?.textContent === before && performance.now() - began < 2_000) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
      taken.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    return taken;
  });
  say('next finding, median and most of 15', `${Math.round(median(steps))} and ${Math.round(Math.max(...steps))} ms`);
}

async function many() {
  const list = page.getByRole('region', { name: '问题' });
  await list.getByRole('link').first().waitFor();
  await longest();
  let shown = 0;
  for (let n = 0; n < 60; n++) {
    shown = await list.evaluate(async (frame) => {
      frame.scrollTop = frame.scrollHeight;
      await new Promise((resolve) => setTimeout(resolve, 120));
      return Number(frame.querySelector('li:last-child')?.getAttribute('aria-posinset') ?? 0);
    });
  }
  say(`longest task while the list was scrolled to finding ${shown}`, `${await longest()} ms`);
  await page.getByRole('button', { name: '地图' }).click();
  await page.getByText(/地图上.* \d+ 处/).waitFor();
  await page.locator('canvas.maplibregl-canvas').waitFor();
  await page.waitForTimeout(8_000);
  say(`longest task with ${(await page.getByText(/地图上.* \d+ 处/).innerText()).match(/\d+/)} points on the map`, `${await longest()} ms`);
}
