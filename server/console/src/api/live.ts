// What changes while somebody looks: one stream of server-sent events for all pages.

import { line } from './line.svelte';
import { pause } from './patience';
import type { Change } from './types';

type Listener = (change: Change) => void;

const listeners = new Set<Listener>();
let source: EventSource | undefined;
/** The index to go on with: nothing that changes while the line is broken or nobody is signed in goes by unheard. */
let last: number | undefined;
let failures = 0;
let due: ReturnType<typeof setTimeout> | undefined;
let look: () => Promise<unknown> = async () => undefined;

/**
 * Begins to listen, from index `from` on or from where it stopped before. `before` is done before a stream that the server
 * refused is asked for again: it waits until the server answers and somebody is signed in.
 */
export function listen(from?: number, before = look): void {
  last ??= from;
  look = before;
  if (source && source.readyState !== EventSource.CLOSED) return;
  connect();
}

function connect(): void {
  clearTimeout(due);
  const mine = (source = new EventSource(last === undefined ? '/v1/events' : `/v1/events?from=${last}`));
  mine.addEventListener('open', () => {
    failures = 0;
    line.deaf = false;
  });
  mine.addEventListener('change', (event) => {
    const change = JSON.parse((event as MessageEvent<string>).data) as Change;
    last = change.index;
    for (const listener of listeners) listener(change);
  });
  mine.addEventListener('error', () => {
    if (source !== mine) return;
    failures += 1;
    const closed = mine.readyState === EventSource.CLOSED;
    // A line that breaks is taken up by the browser itself, most often at once; a reply that is no stream it never asks again.
    if (closed || failures > 1) line.deaf = true;
    if (closed) due = setTimeout(() => void again(mine), pause(failures));
  });
}

async function again(mine: EventSource): Promise<void> {
  await look().catch(() => undefined);
  if (source === mine) connect();
}

export function hush(): void {
  clearTimeout(due);
  source?.close();
  source = undefined;
  line.deaf = false;
}

/** Calls `listener` with each change until the function that it returns is called. */
export function onChange(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
