// MapLibre GL and what it needs, loaded only when a map is looked at.

import type { City } from '../api/types';
import { colours } from './layers';
import { isArchive, pictures, shapes, type TilesGround } from './style';

export type Library = typeof import('maplibre-gl');

export async function library(): Promise<Library> {
  // The worker is a file of its own: the page's policy runs no script that is not one.
  const [maplibre, { default: worker }] = await Promise.all([
    import('maplibre-gl'),
    import('maplibre-gl/dist/maplibre-gl-worker.mjs?url'),
    import('maplibre-gl/dist/maplibre-gl.css'),
  ]);
  maplibre.setWorkerUrl(worker);
  return maplibre;
}

/** What the operator's tiles are: pictures, or shapes in an archive, which says so itself. A style of theirs says all that. */
export async function under(maplibre: Library, { style, tiles }: City['map']): Promise<TilesGround | undefined> {
  if (!style && !tiles) return undefined;
  if (!style && tiles && !isArchive(tiles)) return pictures(tiles);
  const { PMTiles, Protocol, TileType } = await import('pmtiles');
  const protocol = new Protocol();
  maplibre.addProtocol('pmtiles', protocol.tile);
  if (style || !tiles) return undefined;
  const archive = new PMTiles(tiles.replace(/^pmtiles:\/\//, ''));
  protocol.add(archive);
  if ((await archive.getHeader()).tileType !== TileType.Mvt) return pictures(tiles);
  const { vector_layers: sorts = [] } = (await archive.getMetadata()) as { vector_layers?: { id: string }[] };
  return shapes(tiles, sorts.map(({ id }) => id), colours());
}
