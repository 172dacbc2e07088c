import { expect, it } from 'vitest';
import { metres, neighbours, offset, ring } from './geo';

const corner = { lat: 31.2304, lon: 121.4737 };

it('measures what is near in metres', () => {
  expect(Math.round(metres(corner, { lat: 31.2313, lon: 121.4737 }))).toBe(100);
  const { east, north } = offset(corner, { lat: 31.2304, lon: 121.4747 });
  expect([Math.round(east), Math.round(north)]).toEqual([95, 0]);
});

it('draws rings of round radii', () => {
  expect([0, 20, 21, 99, 120, 480, 501].map(ring)).toEqual([20, 20, 50, 100, 200, 500, 1000]);
});

it('gives each neighbour the number that it has in the list, whether the others lie somewhere or not', () => {
  const near = [{ id: 'a', place: corner }, { id: 'b' }, { id: 'c', place: { lat: 31 } }, { id: 'd', place: corner }];
  expect(neighbours(near).map(({ n, id }) => `${n}${id}`)).toEqual(['1a', '4d']);
});
