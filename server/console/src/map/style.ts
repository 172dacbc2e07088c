// What lies under the points: the operator's map where one is configured, else the city's areas on plain ground.

import type { LayerSpecification, SourceSpecification, StyleSpecification } from 'maplibre-gl';
import type { City } from '../api/types';
import { bent } from './gcj02';

export interface Point {
  lon: number;
  lat: number;
  id?: string;
  label?: string;
  tone?: 'good' | 'warn' | 'bad';
  /** What is written on it. */
  mark?: string;
}

/** Where somebody or something is, and how far it may be from there, in metres. */
export interface Here {
  lon: number;
  lat: number;
  accuracy?: number;
}

export interface Colours {
  paper: string;
  line: string;
  ink: string;
  accent: string;
  onAccent: string;
  good: string;
  warn: string;
  bad: string;
}

export type Shift = City['map']['shift'];
export type Box = [[number, number], [number, number]];

/** Where a point is drawn. */
export function drawn(lon: number, lat: number, shift: Shift): [number, number] {
  return shift === 'gcj02' ? bent(lon, lat) : [lon, lat];
}

export interface Outline {
  id: string;
  name?: string;
  status: string;
  shape?: unknown;
}

/** The areas that are in use, as they are shaped. */
export function outlines(areas: Outline[]): GeoJSON.FeatureCollection {
  const known = areas.filter((area) => area.shape && area.status === 'active');
  return {
    type: 'FeatureCollection',
    features: known.map(({ name, shape }) => ({ type: 'Feature', geometry: shape as GeoJSON.Polygon, properties: { name } })),
  };
}

/** A shape that is not saved yet, among those that lie about it. */
export function among(shape: GeoJSON.Geometry, name: string, areas: Outline[]): GeoJSON.FeatureCollection {
  const box = around(corners(shape));
  const near = ({ geometry }: GeoJSON.Feature) => {
    const other = around(corners(geometry));
    if (!box || !other) return false;
    // About as far as it is wide itself, so that it can be seen.
    return [0, 1].every((axis) => {
      const [least, most] = [box[0][axis] as number, box[1][axis] as number];
      const room = most - least;
      return (other[0][axis] as number) <= most + room && (other[1][axis] as number) >= least - room;
    });
  };
  const { features } = outlines(areas);
  return { type: 'FeatureCollection', features: [...features.filter(near), { type: 'Feature', geometry: shape, properties: { name } }] };
}

/** The same shapes where the map has them. */
export function moved<T>(shapes: T, shift: Shift): T {
  if (shift === 'none') return shapes;
  return JSON.parse(JSON.stringify(shapes), (name, value: unknown) => (name === 'coordinates' ? each(value) : value)) as T;

  function each(value: unknown): unknown {
    if (!Array.isArray(value)) return value;
    return typeof value[0] === 'number' ? drawn(value[0], value[1] as number, shift) : value.map(each);
  }
}

/** Every corner of some shapes. */
export function corners(shapes: unknown): [number, number][] {
  const found: [number, number][] = [];
  JSON.stringify(shapes, (name, value: unknown) => {
    if (name === 'coordinates') walk(value);
    return name === 'coordinates' ? undefined : value;
  });
  return found;

  function walk(value: unknown): void {
    if (!Array.isArray(value)) return;
    if (typeof value[0] === 'number') found.push([value[0], value[1] as number]);
    else value.forEach(walk);
  }
}

/** The names of shapes, each once and in its middle. */
export function names(shapes: GeoJSON.GeoJSON): GeoJSON.FeatureCollection {
  const all = shapes.type === 'FeatureCollection' ? shapes.features : shapes.type === 'Feature' ? [shapes] : [];
  const features = all.flatMap(({ geometry, properties }): GeoJSON.Feature[] => {
    const box = around(corners(geometry));
    if (!box || !properties?.['name']) return [];
    const [[west, south], [east, north]] = box;
    return [{ type: 'Feature', geometry: { type: 'Point', coordinates: [(west + east) / 2, (south + north) / 2] }, properties: { name: properties['name'] } }];
  });
  return { type: 'FeatureCollection', features };
}

/** The smallest box around everything; none where there is nothing. */
export function around(points: Iterable<[number, number]>): Box | undefined {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon, lat] of points) {
    west = Math.min(west, lon);
    east = Math.max(east, lon);
    south = Math.min(south, lat);
    north = Math.max(north, lat);
  }
  return west <= east ? [[west, south], [east, north]] : undefined;
}

/** A style without anything from elsewhere: plain ground, or the operator's tiles. */
export function ground(tiles: TilesGround | undefined, colours: Colours): StyleSpecification {
  return {
    version: 8,
    sources: tiles ? { tiles: tiles.source } : {},
    layers: [{ id: 'ground', type: 'background', paint: { 'background-color': colours.paper } }, ...(tiles?.layers ?? [])],
  };
}

export interface TilesGround {
  source: SourceSpecification;
  layers: LayerSpecification[];
}

/** True of an archive of tiles in one file. */
export function isArchive(tiles: string): boolean {
  return tiles.startsWith('pmtiles:') || /\.pmtiles($|[?#])/.test(tiles);
}

/** Pictures of squares of the ground, from an address with `{z}`, `{x}` and `{y}` in it, or from an archive. */
export function pictures(tiles: string): TilesGround {
  const source: SourceSpecification = isArchive(tiles)
    ? { type: 'raster', url: tiles.startsWith('pmtiles:') ? tiles : `pmtiles://${tiles}`, tileSize: 256 }
    : { type: 'raster', tiles: [tiles], tileSize: 256 };
  return { source, layers: [{ id: 'tiles', type: 'raster', source: 'tiles' }] };
}

/** An archive of shapes says how each sort of them is called but not how they look: they are drawn in the page's colours. */
export function shapes(tiles: string, sorts: string[], colours: Colours): TilesGround {
  const plain = (sort: string): LayerSpecification[] => [
    {
      id: `${sort} ground`, type: 'fill', source: 'tiles', 'source-layer': sort, filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': /water|ocean|lake|river/.test(sort) ? colours.accent : colours.line, 'fill-opacity': 0.25 },
    },
    {
      id: `${sort} lines`, type: 'line', source: 'tiles', 'source-layer': sort, filter: ['==', ['geometry-type'], 'LineString'],
      paint: { 'line-color': colours.ink, 'line-opacity': 0.35, 'line-width': ['interpolate', ['linear'], ['zoom'], 8, 0.5, 16, 2] },
    },
  ];
  const url = tiles.startsWith('pmtiles:') ? tiles : `pmtiles://${tiles}`;
  return { source: { type: 'vector', url }, layers: sorts.flatMap(plain) };
}

/** Metres around a place that are seen when one looks at it. */
const BESIDE = 100;

/** The box around a place in which what is beside it is seen, and however far it may be wrong. */
export function beside({ lon, lat, accuracy = 0 }: Here, shift: Shift): Box | undefined {
  const [x, y] = drawn(lon, lat, shift);
  return around(corners({ coordinates: ringAround({ lon: x, lat: y, accuracy: Math.max(accuracy, BESIDE) }).coordinates }));
}

/** A ring around somewhere, as far away as it may be wrong. */
export function ringAround({ lon, lat, accuracy = 0 }: Here): GeoJSON.Polygon {
  const [north, east] = [accuracy / 111_195, accuracy / (111_195 * Math.cos((lat * Math.PI) / 180))];
  const ring = Array.from({ length: 49 }, (_, n) => {
    const angle = (n / 48) * 2 * Math.PI;
    return [lon + east * Math.cos(angle), lat + north * Math.sin(angle)];
  });
  return { type: 'Polygon', coordinates: [ring] };
}
