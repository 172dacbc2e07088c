import { expect, it } from 'vitest';
import { lettersOf } from './layers';
import { among, around, beside, corners, drawn, isArchive, moved, names, outlines, pictures, ringAround } from './style';

it('draws points where they are, or where a bent map has them', () => {
  expect(drawn(116.404, 39.915, 'none')).toEqual([116.404, 39.915]);
  expect(drawn(116.404, 39.915, 'gcj02')[0]).toBeCloseTo(116.41024, 4);
});

const triangle = (west: number, south: number, east: number, north: number): GeoJSON.Polygon => ({
  type: 'Polygon', coordinates: [[[west, south], [east, south], [west, north], [west, south]]],
});

it('shows a new shape among those about it', () => {
  const areas = [
    { id: 'a', name: '城北', status: 'active', shape: triangle(1, 2, 3, 4) },
    { id: 'b', name: '远郊', status: 'active', shape: triangle(50, 2, 53, 4) },
  ];
  const seen = among(triangle(3, 2, 5, 4), '新区', areas).features.map(({ properties }) => properties?.['name']);
  expect(seen).toEqual(['城北', '新区']);
});

it('outlines areas that are in use and known to lie somewhere', () => {
  const areas = [
    { id: 'a', name: '城北', status: 'active', shape: triangle(1, 2, 3, 4) },
    { id: 'b', name: '城南', status: 'retired', shape: triangle(1, 2, 3, 4) },
    { id: 'c', name: '城东', status: 'active' },
  ];
  const shapes = outlines(areas);
  expect(shapes.features.map(({ properties }) => properties?.['name'])).toEqual(['城北']);
  expect(shapes.features[0]?.geometry).toEqual(triangle(1, 2, 3, 4));
  expect(around(corners(shapes))).toEqual([[1, 2], [3, 4]]);
  expect(names(shapes).features[0]).toMatchObject({ geometry: { coordinates: [2, 3] }, properties: { name: '城北' } });
});

it('bends every corner of a shape and leaves the shape itself alone', () => {
  const shape: GeoJSON.MultiPolygon = { type: 'MultiPolygon', coordinates: [[[[116.404, 39.915], [116.5, 39.9], [116.404, 39.8], [116.404, 39.915]]]] };
  const bent = moved(shape, 'gcj02');
  expect(bent.coordinates[0]?.[0]?.[0]?.[0]).toBeCloseTo(116.41024, 4);
  expect(shape.coordinates[0]?.[0]?.[0]).toEqual([116.404, 39.915]);
  expect(moved(shape, 'none')).toBe(shape);
});

it('looks at all of it', () => {
  expect(around([[3, 4], [1, 2]])).toEqual([[1, 2], [3, 4]]);
  expect(around([])).toBeUndefined();
});

it('knows an archive of tiles however it is named', () => {
  expect(['pmtiles://https://a.cn/x', '/city.pmtiles', 'https://a.cn/city.pmtiles?v=1', 'https://a.cn/{z}/{x}/{y}.png'].map(isArchive)).toEqual([true, true, true, false]);
  expect(pictures('/city.pmtiles').source).toMatchObject({ url: 'pmtiles:///city.pmtiles' });
});

it('draws a ring as wide as something may be wrong', () => {
  const [[first, ...rest] = []] = ringAround({ lon: 120, lat: 30, accuracy: 111.195 }).coordinates;
  expect(rest.at(-1)?.[0]).toBeCloseTo(first?.[0] ?? 0, 9);
  expect(Math.max(...rest.map(([, lat]) => lat as number)) - 30).toBeCloseTo(0.001, 6);
});

it('writes its names in letters that the map has', () => {
  const named = { id: 'roads', type: 'symbol' as const, source: 'x', layout: { 'text-font': ['Noto Sans Regular'] } };
  expect(lettersOf({ layers: [{ id: 'sea', type: 'background' }, named] })).toEqual(['Noto Sans Regular']);
  expect(lettersOf({ layers: [{ id: 'sea', type: 'background' }] })).toBeUndefined();
});

it('looks at what is beside a place, where a bent map has it', () => {
  const [[west, south], [east, north]] = beside({ lon: 116.404, lat: 39.915, accuracy: 5 }, 'gcj02') as [[number, number], [number, number]];
  expect([(west + east) / 2, (south + north) / 2].map((degrees) => degrees.toFixed(4))).toEqual(drawn(116.404, 39.915, 'gcj02').map((degrees) => degrees.toFixed(4)));
  expect(Math.round((north - south) * 111_195)).toBe(200);
  const [[, low], [, high]] = beside({ lon: 116.404, lat: 39.915, accuracy: 400 }, 'none') as [[number, number], [number, number]];
  expect(Math.round((high - low) * 111_195)).toBe(800);
});
