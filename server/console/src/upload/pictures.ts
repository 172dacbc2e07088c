// Which pictures of a form are ready to be named in a step, and what the step says of them.

export type State = 'queued' | 'hashing' | 'sending' | 'waiting' | 'paused' | 'here' | 'refused';

/** What stays in the browser of a picture, besides its bytes, until the step is said. */
export interface Kept {
  id: string;
  name: string;
  size: number;
  type: string;
  /** When the file says that it was made; a claim. */
  made: number;
  hash?: string | undefined;
  /** Address of its upload, where it goes on after a reload. */
  place?: string | undefined;
  /** True when whoever chose it said that it is to wait. */
  paused?: boolean | undefined;
}

export interface Picture extends Kept {
  file: Blob;
  state: State;
  /** Bytes that the server has. */
  sent: number;
  problem?: unknown;
}

/** Largest file that the server takes, in bytes. */
export const MOST = 256 * 1024 * 1024;

/** Why a file is not taken; none when it is. */
export function unfit(file: { size: number; type: string }): 'type' | 'size' | 'empty' | undefined {
  if (file.type !== 'image/jpeg' && file.type !== 'image/png') return 'type';
  if (file.size === 0) return 'empty';
  return file.size > MOST ? 'size' : undefined;
}

/** When a picture was taken, as far as its file says; a time that is still to come says nothing. */
export function taken(made: number, now: number): string | undefined {
  return Number.isFinite(made) && made > 0 && made <= now ? new Date(made).toISOString() : undefined;
}

/** The member `photos` of a step's body; only what is at the server is named. None where there is nothing to name. */
export function named(pictures: Picture[], shows: string | undefined, now = Date.now()): Record<string, unknown> | undefined {
  const here = pictures.filter((one) => one.state === 'here' && one.hash);
  if (here.length === 0) return undefined;
  return Object.fromEntries(
    here.map(({ id, hash, made }) => {
      const when = taken(made, now);
      // A file says nothing of the camera that it came from.
      return [id, { original: hash, source: 'gallery', ...(when ? { taken: when } : {}), ...(shows ? { shows } : {}) }];
    }),
  );
}

/** True while a form has to wait: nothing that somebody chose is left out unless they took it away themselves. */
export function holdsUp(pictures: Picture[]): boolean {
  return pictures.some(({ state }) => state !== 'here');
}

/** What is kept of a picture. */
export function keptOf({ id, name, size, type, made, hash, place, paused }: Picture): Kept {
  return { id, name, size, type, made, hash, place, paused };
}
