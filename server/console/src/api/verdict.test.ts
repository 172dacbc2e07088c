import { expect, it } from 'vitest';
import { clashed } from './verdict';

it('hears of a conflict at the second reply too', () => {
  expect(clashed({ verdict: { verdict: 'accepted', index: 1 } })).toBe(false);
  expect(clashed({ verdict: { verdict: 'conflict', index: 1 } })).toBe(true);
  expect(clashed({ verdict: { verdict: 'duplicate', original: { verdict: 'conflict', index: 1 } } })).toBe(true);
});
