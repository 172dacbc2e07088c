// How long is waited before a server that cannot be reached is asked again.

/** Milliseconds before try number `n` (from 1 on): half a second, then twice as long each time, at most ten seconds. */
export function pause(n: number): number {
  return Math.min(10_000, 500 * 2 ** (n - 1));
}

/** True for replies of something between here and the server, or of a server that is stopping. */
export function passes(status: number): boolean {
  return status === 502 || status === 503 || status === 504;
}

export function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    if (signal?.aborted) return reject(signal.reason);
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
