// What lies under the points: the operator's map where one is configured, else the city's areas on plain ground.

import type { StyleSpecification } from 'maplibre-gl';
import type { Area, City } from '../api/types';
import { bent } from './gcj02';

export interface Point {
  lon: number;
  lat: number;
  id?: string;
  label?: string;
  tone?: 'good' | 'warn' | 'bad';
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

type Shift = City['map']['shift'];

/** Where a point is drawn. */
export function drawn(lon: number, lat: number, shift: Shift): [number, number] {
  return shift === 'gcj02' ? bent(lon, lat) : [lon, lat];
}

export function features(points: Point[], shift: Shift): GeoJSON.FeatureCollection {
  return {
    type: 'FeatureCollection',
    features: points.map(({ lon, lat, id, label, tone }) => ({
      type: 'Feature',
      geometry: { type: 'Point', coordinates: drawn(lon, lat, shift) },
      properties: { id: id ?? '', label: label ?? '', tone: tone ?? 'warn' },
    })),
  };
}

export function outlines(areas: Area[], shift: Shift): GeoJSON.FeatureCollection {
  const bounded = areas.filter((area) => area.bounds && area.status === 'active');
  return {
    type: 'FeatureCollection',
    features: bounded.map(({ name, bounds }) => {
      const [west, south, east, north] = bounds as [number, number, number, number];
      const ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
      return {
        type: 'Feature',
        geometry: { type: 'Polygon', coordinates: [ring.map(([lon, lat]) => drawn(lon as number, lat as number, shift))] },
        properties: { name },
      };
    }),
  };
}

/** The smallest box around everything, with some room; none where there is nothing. */
export function around(points: [number, number][]): [[number, number], [number, number]] | undefined {
  if (points.length === 0) return undefined;
  let [west, south, east, north] = [180, 90, -180, -90];
  for (const [lon, lat] of points) {
    west = Math.min(west, lon);
    east = Math.max(east, lon);
    south = Math.min(south, lat);
    north = Math.max(north, lat);
  }
  return [[west, south], [east, north]];
}

/** A style without glyphs or pictures from elsewhere: labels are drawn by the browser itself. */
export function style(map: City['map'], areas: GeoJSON.FeatureCollection, colours: Colours): StyleSpecification {
  const tiles = map.tiles;
  return {
    version: 8,
    sources: {
      areas: { type: 'geojson', data: areas },
      ...(tiles
        ? { tiles: tiles.startsWith('pmtiles:') ? { type: 'raster', url: tiles, attribution: map.attribution ?? '' } : { type: 'raster', tiles: [tiles], tileSize: 256, attribution: map.attribution ?? '' } }
        : {}),
    },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': colours.paper } },
      ...(tiles ? [{ id: 'tiles', type: 'raster' as const, source: 'tiles' }] : []),
      { id: 'areas', type: 'fill', source: 'areas', paint: { 'fill-color': colours.accent, 'fill-opacity': tiles ? 0.04 : 0.1 } },
      { id: 'area-lines', type: 'line', source: 'areas', paint: { 'line-color': colours.accent, 'line-opacity': 0.6 } },
      {
        id: 'area-names', type: 'symbol', source: 'areas',
        layout: { 'text-field': ['get', 'name'], 'text-size': 13 },
        paint: { 'text-color': colours.ink, 'text-halo-color': colours.paper, 'text-halo-width': 1.5 },
      },
    ],
  };
}
