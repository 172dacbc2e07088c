// Which pictures of a form are ready to be named in a step, and what the step says of them.

export type State = 'hashing' | 'sending' | 'waiting' | 'here' | 'refused';

export interface Picture {
  id: string;
  name: string;
  size: number;
  type: string;
  /** When the file says that it was made; a claim. */
  made: number;
  file: Blob;
  state: State;
  /** Bytes that the server has. */
  sent: number;
  hash?: string;
  problem?: unknown;
}

/** Largest picture that is taken, in bytes; the server's limit for one file. */
export const MOST = 64 * 1024 * 1024;

/** Why a file is not taken; none when it is. */
export function unfit(file: { size: number; type: string }): 'type' | 'size' | 'empty' | undefined {
  if (file.type !== 'image/jpeg' && file.type !== 'image/png') return 'type';
  if (file.size === 0) return 'empty';
  return file.size > MOST ? 'size' : undefined;
}

/** The member `photos` of a step's body; only what is at the server is named. None where there is nothing to name. */
export function named(pictures: Picture[], shows: string | undefined): Record<string, unknown> | undefined {
  const here = pictures.filter((one) => one.state === 'here' && one.hash);
  if (here.length === 0) return undefined;
  return Object.fromEntries(
    here.map((one) => [
      one.id,
      { original: one.hash, source: 'gallery', taken: new Date(one.made).toISOString(), ...(shows ? { shows } : {}) },
    ]),
  );
}

/** True while a picture is still on its way. */
export function underWay(pictures: Picture[]): boolean {
  return pictures.some(({ state }) => state === 'hashing' || state === 'sending' || state === 'waiting');
}
