// Very many points are put on a map a handful at a time, so that the page hears and answers in between.

import type { GeoJSONSource } from 'maplibre-gl';
import { drawn, type Box, type Point, type Shift } from './style';

/** So many are handed over at once. */
export const SLICE = 4_000;

export function feature({ lon, lat, tone, mark }: Point, n: number, shift: Shift): GeoJSON.Feature {
  return { type: 'Feature', id: n, geometry: { type: 'Point', coordinates: drawn(lon, lat, shift) }, properties: { n, tone: tone ?? 'warn', ...(mark ? { mark } : {}) } };
}

/** `points` in slices, with the number of the first in each. */
export function* slices(points: Point[], size = SLICE): Generator<[number, Point[]]> {
  for (let first = 0; first < points.length; first += size) yield [first, points.slice(first, first + size)];
}

/** Lets everything else on the page have its turn. */
const breath = () => new Promise((resolve) => setTimeout(resolve));

/** Puts `points` in the place of what `source` shows, in one go where they are few; ends early once `ended`. */
export async function show(source: GeoJSONSource, points: Point[], shift: Shift, ended: AbortSignal): Promise<void> {
  const [now, ...rest] = slices(points);
  await source.setData({ type: 'FeatureCollection', features: (now?.[1] ?? []).map((point, n) => feature(point, n, shift)) });
  for (const [first, some] of rest) {
    if (ended.aborted) return;
    await source.updateData({ add: some.map((point, n) => feature(point, first + n, shift)) });
    await breath();
  }
}

/** The first `most` points inside of a box of the map. */
export function within(points: Point[], [[west, south], [east, north]]: Box, shift: Shift, most: number): Point[] {
  // Over the width of a screen the bend is the same everywhere.
  const [lon, lat] = [(west + east) / 2, (south + north) / 2];
  const [bentLon, bentLat] = drawn(lon, lat, shift);
  const [toEast, toNorth] = [bentLon - lon, bentLat - lat];
  const found: Point[] = [];
  for (const point of points) {
    if (found.length === most) break;
    const [x, y] = [point.lon + toEast, point.lat + toNorth];
    if (x >= west && x <= east && y >= south && y <= north) found.push(point);
  }
  return found;
}
