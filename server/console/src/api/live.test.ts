import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { line as Line } from './line.svelte';

/** A stream as the browser has it, of which the test says what comes. */
class Stream extends EventTarget {
  static readonly CLOSED = 2;
  static all: Stream[] = [];
  readyState = 0;
  constructor(readonly address: string) {
    super();
    Stream.all.push(this);
  }
  open() {
    this.readyState = 1;
    this.dispatchEvent(new Event('open'));
  }
  tell(index: number) {
    const data = JSON.stringify({ index, entity: `e${index}`, kind: 'finding', gone: false });
    this.dispatchEvent(Object.assign(new Event('change'), { data }));
  }
  fail(state: number) {
    this.readyState = state;
    this.dispatchEvent(new Event('error'));
  }
  close() {
    this.readyState = 2;
  }
}

let live: typeof import('./live');
let line: typeof Line;

beforeEach(async () => {
  vi.resetModules();
  vi.useFakeTimers();
  vi.stubGlobal('EventSource', Stream);
  Stream.all = [];
  live = await import('./live');
  ({ line } = await import('./line.svelte'));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const addresses = () => Stream.all.map(({ address }) => address);
const now = () => Stream.all.at(-1) as Stream;

it('asks again for a stream that was refused, later each time, and goes on where it stopped', async () => {
  const look = vi.fn(async () => undefined);
  live.listen(40, look);
  now().open();
  now().tell(41);
  now().fail(2);
  expect(line.deaf).toBe(true);
  await vi.advanceTimersByTimeAsync(500);
  expect(look).toHaveBeenCalledTimes(1);
  expect(addresses()).toEqual(['/v1/events?from=40', '/v1/events?from=41']);
  now().fail(2);
  await vi.advanceTimersByTimeAsync(999);
  expect(Stream.all).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1);
  now().open();
  expect([Stream.all.length, line.deaf]).toEqual([3, false]);
});

it('leaves a line that broke to the browser, and says so when that does not help', () => {
  live.listen(7);
  now().open();
  now().fail(0);
  expect(line.deaf).toBe(false);
  now().fail(0);
  expect([line.deaf, Stream.all.length]).toEqual([true, 1]);
});

it('goes on after a new sign-in with what changed meanwhile, in one stream', async () => {
  let signedIn: () => void = () => undefined;
  live.listen(1, () => new Promise<void>((resolve) => (signedIn = resolve)));
  now().open();
  now().tell(9);
  now().fail(2);
  await vi.advanceTimersByTimeAsync(500);
  // The session had ended: whoever asks for the sign-in hushes it and listens again afterwards.
  live.hush();
  live.listen(30);
  signedIn();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(addresses()).toEqual(['/v1/events?from=1', '/v1/events?from=9']);
});
