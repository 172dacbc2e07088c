// What this console draws over any ground: areas, points in clusters, and where something is.

import type { LayerSpecification } from 'maplibre-gl';
import type { Colours } from './style';

/** Points nearer to each other than this, in pixels, are one; from this zoom on each stands alone. */
export const CLUSTERED = { cluster: true, clusterRadius: 46, clusterMaxZoom: 16 } as const;

export function layers(inks: Colours, overTiles: boolean, letters: string[] | undefined): LayerSpecification[] {
  const font = letters ? { 'text-font': letters } : {};
  return [
    { id: 'areas', type: 'fill', source: 'areas', paint: { 'fill-color': inks.accent, 'fill-opacity': overTiles ? 0.05 : 0.1 } },
    { id: 'area-lines', type: 'line', source: 'areas', paint: { 'line-color': inks.accent, 'line-opacity': 0.7, 'line-width': 1.5 } },
    {
      id: 'area-names', type: 'symbol', source: 'names',
      layout: { ...font, 'text-field': ['get', 'name'], 'text-size': 13 },
      paint: { 'text-color': inks.ink, 'text-halo-color': inks.paper, 'text-halo-width': 1.5 },
    },
    { id: 'unsure', type: 'fill', source: 'here', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': inks.accent, 'fill-opacity': 0.18 } },
    {
      id: 'clusters', type: 'circle', source: 'points', filter: ['has', 'point_count'],
      paint: {
        'circle-color': inks.accent,
        'circle-radius': ['step', ['get', 'point_count'], 16, 20, 20, 200, 26, 2000, 34],
        'circle-stroke-color': inks.paper,
        'circle-stroke-width': 2,
      },
    },
    {
      id: 'counts', type: 'symbol', source: 'points', filter: ['has', 'point_count'],
      layout: { ...font, 'text-field': ['get', 'point_count_abbreviated'], 'text-size': 13, 'text-allow-overlap': true, 'text-ignore-placement': true },
      paint: { 'text-color': inks.onAccent },
    },
    {
      id: 'single', type: 'circle', source: 'points', filter: ['!', ['has', 'point_count']],
      paint: {
        'circle-color': ['match', ['get', 'tone'], 'good', inks.good, 'bad', inks.bad, inks.warn],
        'circle-radius': 8, 'circle-stroke-color': inks.paper, 'circle-stroke-width': 2,
      },
    },
    {
      id: 'marks', type: 'symbol', source: 'points', filter: ['has', 'mark'],
      layout: { ...font, 'text-field': ['get', 'mark'], 'text-size': 11, 'text-allow-overlap': true, 'text-ignore-placement': true },
      paint: { 'text-color': inks.paper },
    },
    {
      id: 'here', type: 'circle', source: 'here', filter: ['==', ['geometry-type'], 'Point'],
      paint: { 'circle-color': inks.bad, 'circle-radius': 7, 'circle-stroke-color': inks.paper, 'circle-stroke-width': 3 },
    },
  ];
}

/** The letters that a map's own names are written in: those it has. A map without any has the browser draw them. */
export function lettersOf(style: { layers: LayerSpecification[] }): string[] | undefined {
  for (const layer of style.layers) {
    const font = layer.type === 'symbol' ? layer.layout?.['text-font'] : undefined;
    if (Array.isArray(font) && font[0] !== 'literal' && font.every((name: unknown) => typeof name === 'string')) return font as string[];
  }
  return undefined;
}

/** The page's own colours, as the browser works them out for light or dark. */
export function colours(): Colours {
  const probe = document.createElement('span');
  document.body.append(probe);
  const read = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const found = {
    paper: read('raised'), line: read('line'), ink: read('ink'), accent: read('accent'), onAccent: read('on-accent'),
    good: read('good'), warn: read('warn'), bad: read('bad'),
  };
  probe.remove();
  return found;
}
