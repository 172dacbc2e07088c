// The list of findings that was left last, so that whoever comes back from one of them is where they were.

import { onChange } from '../../api/live';
import type { Finding } from '../../api/types';
import type { Listing } from '../../parts/listing.svelte';
import type { Spot } from '../../parts/spot';

export interface Kept {
  /** What the list was asked for. */
  key: string;
  listing: Listing<'findings'>;
  chosen: Map<string, Finding>;
  spot: Spot;
}

let kept: { what: Kept; missed: Set<string>; stop: () => void } | undefined;

export function keep(what: Kept): void {
  kept?.stop();
  const missed = new Set<string>();
  const stop = onChange(({ kind, entity }) => {
    if (kind === 'finding') missed.add(entity);
  });
  kept = { what, missed, stop };
}

/** The list that was left, with what changed since; none where another was asked for. It is kept no longer. */
export function taken(key: string): { what: Kept; missed: string[] } | undefined {
  const was = kept;
  kept = undefined;
  was?.stop();
  return was?.what.key === key ? { what: was.what, missed: [...was.missed] } : undefined;
}
