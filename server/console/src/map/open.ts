// A map that stands without any server of tiles: the operator's map is laid under it once it has come, and left away where it
// does not come.

import type { ErrorEvent, GeoJSONSource, Map as Drawn, MapGeoJSONFeature, MapMouseEvent, Point as Pixel } from 'maplibre-gl';
import type { City } from '../api/types';
import { t } from '../words/index.svelte';
import { CLUSTERED, colours, layers, lettersOf } from './layers';
import { library, under, type Library } from './library';
import { show } from './points';
import { around, beside, corners, drawn, ground, moved, names, ringAround, type Box, type Here, type Point, type TilesGround } from './style';

/** Milliseconds after which a style that has not come is done without. */
const PATIENCE = 8_000;
/** So many points that lie on one another are told apart in words. */
const LEAVES = 50;
const ROOM = { padding: 40, maxZoom: 16 };
const CLOSE = { padding: 16, maxZoom: 18, animate: false };

export interface Contents {
  points: Point[];
  areas: GeoJSON.GeoJSON;
  here: Here | undefined;
  /** One place and what is beside it: nothing is clustered, and the map goes where the place is. */
  close?: boolean;
}

export interface Heard {
  /** The numbers of the points that somebody pointed at. */
  picked: (numbers: number[]) => void;
  moved: (box: Box) => void;
  /** The operator's map is not to be had. */
  without: () => void;
}

export async function open(container: HTMLElement, settings: City['map'], contents: Contents, heard: Heard): Promise<CityMap> {
  const maplibre = await library();
  const tiles = await under(maplibre, settings).catch(() => void heard.without());
  return new CityMap(maplibre, container, settings, tiles, contents, heard);
}

/** Everything there is to see; the areas where nothing lies in them. */
export function everything({ points, areas, here }: Contents, shift: City['map']['shift']): Box | undefined {
  const spots = points.map(({ lon, lat }) => drawn(lon, lat, shift));
  if (here) spots.push(drawn(here.lon, here.lat, shift));
  return around(spots.length ? spots : corners(moved(areas, shift)));
}

/** A place with the ring inside of which it is. */
function spotted(here: Here | undefined, shift: City['map']['shift']): GeoJSON.FeatureCollection {
  if (!here) return { type: 'FeatureCollection', features: [] };
  const [lon, lat] = drawn(here.lon, here.lat, shift);
  const point: GeoJSON.Feature = { type: 'Feature', geometry: { type: 'Point', coordinates: [lon, lat] }, properties: {} };
  const ring: GeoJSON.Feature = { type: 'Feature', geometry: ringAround({ lon, lat, accuracy: here.accuracy }), properties: {} };
  return { type: 'FeatureCollection', features: here.accuracy ? [ring, point] : [point] };
}

function named() {
  return {
    'Map.Title': `${t('map.title')}: ${t('map.keys')}`,
    'NavigationControl.ZoomIn': t('map.zoom_in'),
    'NavigationControl.ZoomOut': t('map.zoom_out'),
    'NavigationControl.ResetBearing': t('map.north'),
    'ScaleControl.Meters': t('map.metres'),
    'ScaleControl.Kilometers': t('map.kilometres'),
    'AttributionControl.ToggleAttribution': t('map.source'),
  };
}

export class CityMap {
  readonly #map: Drawn;
  readonly #shift: City['map']['shift'];
  readonly #dark = matchMedia('(prefers-color-scheme: dark)');
  readonly #theme = new MutationObserver(() => this.#dye());
  /** The operator's style, as long as it may still come. */
  #own: string | undefined;
  #come = false;
  #inks = colours();
  #late: ReturnType<typeof setTimeout>;
  #showing = new AbortController();

  constructor(
    maplibre: Library,
    container: HTMLElement,
    settings: City['map'],
    private readonly tiles: TilesGround | undefined | void,
    private contents: Contents,
    private readonly heard: Heard,
  ) {
    this.#shift = settings.shift;
    this.#own = settings.style;
    const near = contents.close && contents.here && beside(contents.here, settings.shift);
    const box = near || everything(contents, settings.shift);
    this.#map = new maplibre.Map({
      container,
      style: settings.style ?? this.#plain(),
      ...(box ? { bounds: box, fitBoundsOptions: near ? CLOSE : ROOM } : {}),
      maxPitch: 0,
      attributionControl: settings.style || settings.attribution ? { customAttribution: settings.attribution } : false,
      locale: named(),
    });
    this.#map.addControl(new maplibre.NavigationControl({ visualizePitch: false }));
    this.#map.addControl(new maplibre.ScaleControl());
    this.#late = setTimeout(() => this.#without(), PATIENCE);
    this.#hear();
  }

  #plain() {
    return ground(this.tiles ?? undefined, this.#inks);
  }

  #without() {
    if (this.#come || !this.#own) return;
    this.#own = undefined;
    this.heard.without();
    this.#map.setStyle(this.#plain(), { diff: false });
  }

  /** Nothing of the operator's answers: a tile that there is none of answers that there is none. */
  #failed({ error, sourceId }: ErrorEvent & { sourceId?: string }) {
    this.#without();
    if (sourceId === 'tiles' && !(error as { status?: number }).status) this.heard.without();
  }

  #hear() {
    const map = this.#map;
    map.on('error', (event) => this.#failed(event));
    map.on('style.load', () => this.#draw());
    map.on('click', (event: MapMouseEvent) => this.#pointed(event.point));
    map.on('moveend', () => this.#tell());
    for (const layer of ['clusters', 'single']) {
      map.on('mouseenter', layer, () => (map.getCanvas().style.cursor = 'pointer'));
      map.on('mouseleave', layer, () => (map.getCanvas().style.cursor = ''));
    }
    // Dark and light are the page's.
    this.#dark.addEventListener('change', this.#dye);
    this.#theme.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  }

  #draw() {
    this.#come = true;
    clearTimeout(this.#late);
    for (const id of ['areas', 'names', 'here', 'points']) {
      this.#map.addSource(id, { type: 'geojson', data: { type: 'FeatureCollection', features: [] }, ...(id === 'points' && !this.contents.close ? CLUSTERED : {}) });
    }
    const letters = lettersOf(this.#map.getStyle());
    for (const layer of layers(this.#inks, Boolean(this.#own ?? this.tiles), letters)) this.#map.addLayer(layer);
    this.#put();
    this.#fill();
    this.#tell();
  }

  #dye = () => {
    this.#inks = colours();
    if (!this.#own) this.#map.setStyle(this.#plain(), { diff: false });
  };

  #fill() {
    this.#showing.abort();
    this.#showing = new AbortController();
    const source = this.#map.getSource<GeoJSONSource>('points');
    if (source) void show(source, this.contents.points, this.#shift, this.#showing.signal);
  }

  #put() {
    const areas = moved(this.contents.areas, this.#shift);
    void this.#map.getSource<GeoJSONSource>('areas')?.setData(areas);
    void this.#map.getSource<GeoJSONSource>('names')?.setData(names(areas));
    void this.#map.getSource<GeoJSONSource>('here')?.setData(spotted(this.contents.here, this.#shift));
  }

  #tell() {
    const [west, south, east, north] = this.#map.getBounds().toArray().flat() as [number, number, number, number];
    this.heard.moved([[west, south], [east, north]]);
  }

  #pointed(at: Pixel) {
    if (!this.#map.getLayer('clusters')) return;
    const found = this.#map.queryRenderedFeatures(at, { layers: ['clusters', 'single'] });
    const cluster = found.find(({ layer }) => layer.id === 'clusters');
    if (cluster) void this.#into(cluster);
    else if (found.length) this.heard.picked([...new Set(found.map(({ properties }) => Number(properties['n'])))]);
  }

  async #into(cluster: MapGeoJSONFeature) {
    const source = this.#map.getSource<GeoJSONSource>('points');
    if (!source || cluster.geometry.type !== 'Point') return;
    const center = cluster.geometry.coordinates as [number, number];
    const id = Number(cluster.properties['cluster_id']);
    const zoom = await source.getClusterExpansionZoom(id);
    if (zoom <= CLUSTERED.clusterMaxZoom) return void this.#map.easeTo({ center, zoom });
    // They lie so near to each other that no zoom parts them.
    const leaves = await source.getClusterLeaves(id, LEAVES, 0);
    this.heard.picked(leaves.map(({ properties }) => Number(properties?.['n'])));
  }

  /** Shows other points. */
  show(points: Point[]) {
    this.contents = { ...this.contents, points };
    this.#fill();
    this.#tell();
  }

  place(here: Here | undefined, areas: GeoJSON.GeoJSON) {
    const before = this.contents.here;
    const nothing = !everything(this.contents, this.#shift);
    this.contents = { ...this.contents, here, areas };
    this.#put();
    const elsewhere = here && (here.lon !== before?.lon || here.lat !== before.lat);
    const box = this.contents.close && elsewhere && beside(here, this.#shift);
    if (box) this.#map.fitBounds(box, CLOSE);
    // Areas come by themselves; where there was nothing to look at, they are looked at.
    else if (nothing) this.look();
  }

  /** Brings everything into sight. */
  look() {
    const box = everything(this.contents, this.#shift);
    if (box) this.#map.fitBounds(box, ROOM);
  }

  close() {
    clearTimeout(this.#late);
    this.#showing.abort();
    this.#theme.disconnect();
    this.#dark.removeEventListener('change', this.#dye);
    this.#map.remove();
  }
}
