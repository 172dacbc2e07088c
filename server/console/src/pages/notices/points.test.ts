import { expect, it } from 'vitest';
import { hundredths, shown } from './points';

it('counts in hundredths, never in fractions of a machine', () => {
  expect(['0.1', '0.30', '1', '12.05', '0，5', ' 2 '].map(hundredths)).toEqual([10, 30, 100, 1205, 50, 200]);
  expect(['-1', '1.234', 'x', '', '99999'].map(hundredths)).toEqual([undefined, undefined, undefined, undefined, undefined]);
  expect([shown(10), shown(1205), shown(undefined)]).toEqual(['0.10', '12.05', '']);
});
