import { expect, it } from 'vitest';
import type { Area } from '../api/types';
import { around, features, outlines } from './style';

it('draws points where they are, or where a bent map has them', () => {
  const at = (shift: 'none' | 'gcj02') => (features([{ lon: 116.404, lat: 39.915 }], shift).features[0]?.geometry as { coordinates: number[] }).coordinates;
  expect(at('none')).toEqual([116.404, 39.915]);
  expect(at('gcj02')[0]).toBeCloseTo(116.41024, 4);
});

it('outlines areas that are in use and known to lie somewhere', () => {
  const areas = [
    { id: 'a', name: '城北', status: 'active', bounds: [1, 2, 3, 4] },
    { id: 'b', name: '城南', status: 'retired', bounds: [1, 2, 3, 4] },
    { id: 'c', name: '城东', status: 'active' },
  ] as Area[];
  expect(outlines(areas, 'none').features.map(({ properties }) => properties?.['name'])).toEqual(['城北']);
});

it('looks at all of it', () => {
  expect(around([[3, 4], [1, 2]])).toEqual([[1, 2], [3, 4]]);
  expect(around([])).toBeUndefined();
});
