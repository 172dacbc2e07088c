import { expect, it } from 'vitest';
import { holdsUp, named, taken, unfit, type Picture } from './pictures';

const NOW = Date.parse('2026-11-26T08:00:00Z');
const MADE = Date.parse('2026-11-26T07:00:00Z');
const picture = (id: string, state: Picture['state'], made = MADE): Picture =>
  ({ id, state, name: 'a.jpg', size: 1, type: 'image/jpeg', made, file: new Blob(), sent: 0, hash: `sha256:${id}` });

it('takes pictures, and says why not', () => {
  expect(unfit({ size: 10, type: 'image/jpeg' })).toBeUndefined();
  expect([unfit({ size: 10, type: 'image/heic' }), unfit({ size: 0, type: 'image/png' }), unfit({ size: 1e9, type: 'image/png' })]).toEqual(['type', 'empty', 'size']);
});

it('names only what is at the server', () => {
  const pictures = [picture('a', 'here'), picture('b', 'sending'), picture('c', 'refused')];
  expect(named(pictures, 'after', NOW)).toEqual({
    a: { original: 'sha256:a', source: 'gallery', taken: '2026-11-26T07:00:00.000Z', shows: 'after' },
  });
  expect(named([picture('b', 'waiting')], undefined)).toBeUndefined();
});

it('says when it was taken only where the file says something that can be', () => {
  expect([taken(0, NOW), taken(NaN, NOW), taken(NOW + 60_000, NOW)]).toEqual([undefined, undefined, undefined]);
  expect(named([picture('a', 'here', 0)], undefined, NOW)).toEqual({ a: { original: 'sha256:a', source: 'gallery' } });
});

it('leaves out nothing that was chosen: the form waits until it is there or taken away', () => {
  expect([holdsUp([]), holdsUp([picture('a', 'here')])]).toEqual([false, false]);
  for (const state of ['queued', 'hashing', 'sending', 'waiting', 'paused', 'refused'] as const) {
    expect(holdsUp([picture('a', 'here'), picture('b', state)]), state).toBe(true);
  }
});
