import { expect, it, vi } from 'vitest';
import type { Change } from './types';
import { gathered } from './gather';

let tell: (change: Change) => void = () => undefined;
vi.mock('./live', () => ({
  onChange: (listener: typeof tell) => {
    tell = listener;
    return () => (tell = () => undefined);
  },
}));

it('tells of each that changed once, as it was said last, and of no other kind', () => {
  vi.useFakeTimers();
  const work = vi.fn();
  const stop = gathered('finding', 300, work);
  const change = (entity: string, gone = false, kind = 'finding') => tell({ index: 1, entity, kind, gone });
  change('a');
  change('b');
  change('a', true);
  change('c', false, 'notice');
  vi.advanceTimersByTime(299);
  expect(work).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  change('d');
  stop();
  vi.advanceTimersByTime(1_000);
  vi.useRealTimers();
  expect(work.mock.calls.map(([changed]) => [...changed])).toEqual([[['a', true], ['b', false]]]);
});
