import { expect, it } from 'vitest';
import { feature, slices, within } from './points';

const row = Array.from({ length: 10 }, (_, n) => ({ lon: 120 + n / 100, lat: 30, id: String(n) }));

it('hands points over a slice at a time, each under its own number', () => {
  const handed = [...slices(row, 4)];
  expect(handed.map(([first, some]) => [first, some.length])).toEqual([[0, 4], [4, 4], [8, 2]]);
  expect(feature(row[5] as never, 5, 'none')).toMatchObject({ id: 5, geometry: { coordinates: [120.05, 30] }, properties: { n: 5 } });
});

it('finds the points that are in sight, and no more than can be read', () => {
  const box: [[number, number], [number, number]] = [[120.015, 29], [120.065, 31]];
  expect(within(row, box, 'none', 50).map(({ id }) => id)).toEqual(['2', '3', '4', '5', '6']);
  expect(within(row, box, 'none', 2)).toHaveLength(2);
});
