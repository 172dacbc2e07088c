// What every journey through the console stands on: a real browser, signed in, that notices what goes wrong beside the
// journey (errors of scripts, refusals by the page's own policy, texts that are missing), and a line to the test that
// started it, which looks after server, phones and network.

import { mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const require = createRequire(import.meta.url);

/** What the test has prepared: address, people with their passwords, ids. */
export const scene = JSON.parse(process.argv[2] ?? '{}');

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Asks the test to do something in its world, and gives what it answers. */
export async function please(what, more = {}) {
  process.stdout.write(`${JSON.stringify({ please: what, ...more })}\n`);
  const { value, done } = await lines.next();
  if (done) throw new Error(`nobody answered "${what}"`);
  return JSON.parse(value);
}

/** Waits until the ledger has the finding in this state; what a page shows may be ahead of it. */
export async function becomes(id, status, what) {
  let now;
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    now = (await please('look', { id })).fields.status;
    if (now === status) return;
  }
  equal(now, status, what);
}

/** Keys of a set of the entity, as the ledger has it. */
export async function members(id, set) {
  const { fields } = await please('look', { id });
  return Object.keys(fields).flatMap((name) => (name.startsWith(`${set}/`) ? [name.slice(set.length + 1)] : []));
}

export function note(text) {
  process.stderr.write(`${text}\n`);
}

export function equal(found, wanted, what) {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(`${what}: found ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`);
  }
}

export function holds(truth, what) {
  if (!truth) throw new Error(what);
}

let browser;

export async function launched() {
  browser ??= await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  });
  return browser;
}

/** A browser of somebody's own; what goes wrong in it ends the journey. */
export async function open({ width = 1280, height = 860, language = 'zh-CN', dark = false } = {}) {
  const context = await (await launched()).newContext({
    viewport: { width, height },
    locale: language,
    timezoneId: 'Europe/Berlin',
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
    hasTouch: width < 500,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.wrong = [];
  page.on('pageerror', (error) => page.wrong.push(`script: ${error.stack ?? error}`));
  page.on('console', (message) => {
    const text = message.text();
    // A reply that is no success is the journey's own business; the browser says it in English besides.
    if (message.type() === 'error' && !/^Failed to load resource/.test(text) && !/ERR_|net::/.test(text)) page.wrong.push(`console: ${text}`);
  });
  return page;
}

/** Signs in at the page that is open, or at `path`. */
export async function signIn(page, who, path = '/') {
  await page.goto(`${scene.url}${path}`);
  await page.getByLabel(/^(用户名|Name)$/).fill(who);
  await page.getByLabel(/^(密码|Password)$/).fill(scene.password);
  await page.getByRole('button', { name: /^(登录|Sign in)$/ }).click();
  await page.getByRole('link', { name: who }).waitFor();
}

/** What axe finds that is serious or worse. */
export async function accessible(page, what) {
  // The page's own policy forbids scripts from elsewhere, so axe comes in by the debugger.
  const source = await import('node:fs').then((fs) => fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
  await page.evaluate(source);
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} (${node.failureSummary})`).join(' | ')}`);
  });
  equal(found, [], `axe on ${what}`);
}

/** Nothing is wider than the window. */
export async function fits(page, what) {
  const wide = await page.evaluate(() => {
    const room = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= room + 1) return [];
    return [...document.querySelectorAll('body *')]
      .filter((one) => one.getBoundingClientRect().right > room + 1)
      .slice(0, 5)
      .map((one) => one.outerHTML.slice(0, 160));
  });
  equal(wide, [], `${what} at ${page.viewportSize().width} px`);
}

/** A picture of the page, kept for people to look at. */
export async function shoot(page, name) {
  const folder = scene.shots;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}

/** Looks at one page in every way: both languages, dark and light, wide and narrow; axe each time. */
export async function look(page, name) {
  const size = page.viewportSize();
  await accessible(page, `${name}, zh, light`);
  await shoot(page, `${name}-zh`);
  await page.getByRole('button', { name: 'English' }).click();
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await accessible(page, `${name}, en, dark`);
  await shoot(page, `${name}-en-dark`);
  await page.setViewportSize({ width: 320, height: 700 });
  await fits(page, `${name}, en`);
  await shoot(page, `${name}-en-320`);
  await page.getByRole('button', { name: '中文' }).click();
  await fits(page, `${name}, zh`);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.setViewportSize(size);
}

/** Runs one journey; its failure is the process's. */
export async function journey(walk) {
  const pages = [];
  try {
    await walk({
      open: async (how) => {
        const page = await open(how);
        pages.push(page);
        return page;
      },
    });
    for (const page of pages) equal(page.wrong, [], 'what went wrong beside the journey');
  } catch (error) {
    for (const [i, page] of pages.entries()) {
      note(`page ${i}: ${page.url()} ${JSON.stringify(page.wrong)}`);
      await shoot(page, `failed-${i}`).catch(() => undefined);
      note(await page.locator('main').last().innerText({ timeout: 1000 }).catch(() => ''));
    }
    note(error.stack ?? String(error));
    process.exitCode = 1;
  } finally {
    await browser?.close();
  }
  process.exit();
}
