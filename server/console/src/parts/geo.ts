// Distances and directions on the ground, for what lies within a few kilometres.

export interface Spot {
  lat: number;
  lon: number;
}

/** What lies near something else, and its number in the list of what is near. */
export interface Neighbour {
  n: number;
  id: string;
  item: string | null | undefined;
  spot: Spot;
}

type Placed = { id: string; item?: string | null; place?: Partial<Spot> | null };

export function spotOf({ place }: Pick<Placed, 'place'>): Spot | undefined {
  return place?.lat === undefined || place.lon === undefined ? undefined : { lat: place.lat, lon: place.lon };
}

/** Those of a list that lie somewhere. One without a position keeps its number for itself. */
export function neighbours(near: Placed[]): Neighbour[] {
  return near.flatMap((other, i) => {
    const spot = spotOf(other);
    return spot ? [{ n: i + 1, id: other.id, item: other.item, spot }] : [];
  });
}

const METRES = 111_195;

/** Metres east and north of `from`. */
export function offset(from: Spot, to: Spot): { east: number; north: number } {
  return {
    east: (to.lon - from.lon) * METRES * Math.cos((from.lat * Math.PI) / 180),
    north: (to.lat - from.lat) * METRES,
  };
}

export function metres(from: Spot, to: Spot): number {
  const { east, north } = offset(from, to);
  return Math.hypot(east, north);
}

/** The radius of the outer ring of a sketch that shows everything: 1, 2 or 5 times a power of ten. */
export function ring(farthest: number): number {
  const least = Math.max(20, farthest);
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((n) => n * power).find((radius) => radius >= least) ?? least;
}
