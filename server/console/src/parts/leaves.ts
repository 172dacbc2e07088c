// A list of any length is held a few pages at a time: what is far behind is let go, and asked for again when somebody comes
// back. A server gives pages only onwards, each by the key of the page before, so the keys of what was let go are kept.

export interface Leaf<T> {
  /** How it was asked for; none of the first. */
  after: string | undefined;
  lines: T[];
  next: string | undefined;
}

export interface Held<T> {
  /** What lies before the pages that are held: how each is asked for, and how many lines it had. */
  gone: { after: string | undefined; count: number }[];
  leaves: Leaf<T>[];
}

/** So many pages are held. */
export const MOST = 20;

export const NOTHING: Held<never> = { gone: [], leaves: [] };

type Line = { id: string };

export function linesOf<T>(held: Held<T>): T[] {
  return held.leaves.flatMap(({ lines }) => lines);
}

/** How many lines come before the first that is held. */
export function before(held: Held<unknown>): number {
  return held.gone.reduce((sum, { count }) => sum + count, 0);
}

/** How the page behind the last is asked for. */
export function onwards(held: Held<unknown>): string | undefined {
  return held.leaves.at(-1)?.next;
}

/** The page to be asked for again when somebody comes back. */
export function backwards(held: Held<unknown>): { after: string | undefined } | undefined {
  return held.gone.at(-1);
}

/** With the page behind the last. What moved there meanwhile stays where it was first seen. */
export function withNext<T extends Line>(held: Held<T>, leaf: Leaf<T>, most = MOST): Held<T> {
  const leaves = [...held.leaves, { ...leaf, lines: unknown(leaf.lines, held) }];
  const far = leaves.slice(0, Math.max(0, leaves.length - most));
  return {
    gone: [...held.gone, ...far.map(({ after, lines }) => ({ after, count: lines.length }))],
    leaves: leaves.slice(far.length),
  };
}

/** With the page before the first, which had been let go. */
export function withPrevious<T extends Line>(held: Held<T>, leaf: Leaf<T>, most = MOST): Held<T> {
  const leaves = [{ ...leaf, lines: unknown(leaf.lines, held) }, ...held.leaves];
  return { gone: held.gone.slice(0, -1), leaves: leaves.slice(0, most) };
}

/** True when nothing can lie between `leaf` and the first page that is held. */
export function joins<T extends Line>(held: Held<T>, leaf: Leaf<T>): boolean {
  const first = held.leaves[0];
  if (!first || leaf.next === undefined || leaf.next === first.after) return true;
  const known = new Set(linesOf(held).map(({ id }) => id));
  return leaf.lines.some(({ id }) => known.has(id));
}

/** With one line as it is now; without it where it is gone. */
export function withLine<T extends Line>(held: Held<T>, id: string, now: T | undefined): Held<T> {
  const leaves = held.leaves.map((leaf) => {
    if (!leaf.lines.some((line) => line.id === id)) return leaf;
    return { ...leaf, lines: leaf.lines.flatMap((line) => (line.id === id ? (now ?? []) : line)) };
  });
  return { ...held, leaves };
}

/** The pages on which some lines are. */
export function leavesOf<T extends Line>(held: Held<T>, ids: Set<string>): Leaf<T>[] {
  return held.leaves.filter(({ lines }) => lines.some(({ id }) => ids.has(id)));
}

/**
 * With lines that changed as they are now among `fresh`, which was asked for from before them on. One that is not among it,
 * though others are that stood behind it or `fresh` is `all` there is, does not fit any more and goes; of the others nothing
 * is known.
 */
export function withFresh<T extends Line>(held: Held<T>, changed: Set<string>, fresh: T[], all: boolean): { held: Held<T>; unsure: Set<string> } {
  const place = new Map(linesOf(held).map(({ id }, at) => [id, at]));
  const seen = new Map(fresh.map((line) => [line.id, line]));
  const reached = Math.max(-1, ...fresh.flatMap(({ id }) => (changed.has(id) ? [] : (place.get(id) ?? []))));
  const unsure = new Set<string>();
  let now = held;
  for (const id of changed) {
    const line = seen.get(id);
    if (line || all || reached > (place.get(id) ?? -1)) now = withLine(now, id, line);
    else unsure.add(id);
  }
  return { held: now, unsure };
}

export function holds(held: Held<Line>, id: string): boolean {
  return held.leaves.some(({ lines }) => lines.some((line) => line.id === id));
}

function unknown<T extends Line>(lines: T[], held: Held<T>): T[] {
  const known = new Set(linesOf(held).map(({ id }) => id));
  return lines.filter(({ id }) => !known.has(id));
}
