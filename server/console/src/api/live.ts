// What changes while somebody looks: one stream of server-sent events for all pages.

import type { Change } from './types';

type Listener = (change: Change) => void;

const listeners = new Set<Listener>();
let source: EventSource | undefined;

/** Begins to listen; the browser itself takes up a broken line at the index where it broke. */
export function listen(): void {
  if (source && source.readyState !== EventSource.CLOSED) return;
  source = new EventSource('/v1/events');
  source.addEventListener('change', (event) => {
    const change = JSON.parse((event as MessageEvent<string>).data) as Change;
    for (const listener of listeners) listener(change);
  });
}

export function hush(): void {
  source?.close();
  source = undefined;
}

/** Calls `listener` with each change until the function that it returns is called. */
export function onChange(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
