// Sends one picture by tus: what the server has stays there, whatever happens to line, page or session.

import { DetailedError, Upload, type HttpResponse } from 'tus-js-client';
import { renewed } from '../api/client.svelte';
import { pause, wait } from '../api/patience';
import { Problem } from '../api/problem';
import { afterwards } from './decide';

export interface Job {
  file: Blob;
  hash: string;
  /** Where it was begun before. */
  place?: string | undefined;
}

export interface Progress {
  /** Where it is sent to, as soon as that is known. */
  begun(place: string): void;
  sent(bytes: number): void;
  /** The line is lost; it is tried again by itself. */
  waiting(): void;
}

/** Resolves when every byte is at the server. Refusals are problems; a lost line is waited out, an ended session renewed. */
export async function send(job: Job, progress: Progress, signal: AbortSignal): Promise<void> {
  let place = job.place;
  const heard: Progress = { ...progress, begun: (at) => progress.begun((place = at)) };
  for (let tries = 1; ; tries++) {
    try {
      await once({ ...job, place }, heard, signal);
      return;
    } catch (error) {
      if (signal.aborted || !(error instanceof DetailedError)) throw error;
      const reply = error.originalResponse;
      const status = reply?.getStatus() ?? 0;
      const problem = problemOf(reply, status);
      const next = afterwards(status, tries, problem.code);
      if (next === 'give_up') throw problem;
      if (next === 'anew') place = undefined;
      if (next === 'sign_in') await renewed();
      if (next === 'wait') progress.waiting();
      if (next !== 'sign_in' && (next === 'wait' || tries > 1)) await awake(pause(tries), signal);
    }
  }
}

/** Gives up at the server what nobody will name. */
export function cancel(place: string): void {
  // What cannot be told to the server is forgotten there by itself after some days.
  Upload.terminate(place, { retryDelays: [] }).catch(() => undefined);
}

/** Waits, but not longer than until the browser has a line again. */
async function awake(ms: number, signal: AbortSignal): Promise<void> {
  const sooner = new AbortController();
  const wake = () => sooner.abort();
  addEventListener('online', wake);
  signal.addEventListener('abort', wake);
  try {
    await wait(ms, sooner.signal).catch(() => undefined);
    signal.throwIfAborted();
  } finally {
    removeEventListener('online', wake);
    signal.removeEventListener('abort', wake);
  }
}

function once({ file, hash, place }: Job, progress: Progress, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const upload: Upload = new Upload(file, {
      endpoint: '/v1/uploads',
      uploadUrl: place ?? null,
      metadata: { sha256: hash },
      // Where it goes on is kept with the picture itself.
      storeFingerprintForResuming: false,
      // Every try begins here, where a lost session can be told from a lost line.
      retryDelays: [],
      onUploadUrlAvailable: () => upload.url && progress.begun(new URL(upload.url, location.href).pathname),
      onProgress: (sent) => progress.sent(sent),
      onSuccess: () => resolve(),
      onError: reject,
    });
    const stop = () => {
      void upload.abort();
      reject(signal.reason);
    };
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    upload.start();
  });
}

function problemOf(reply: HttpResponse | null | undefined, status: number): Problem {
  const after = Number(reply?.getHeader('retry-after') ?? NaN);
  try {
    const said = JSON.parse(reply?.getBody() ?? '') as { code?: string; detail?: string };
    return new Problem(status, said.code ?? `http_${status}`, said.detail, Number.isFinite(after) ? after : undefined);
  } catch {
    return new Problem(status, `http_${status}`, undefined, undefined);
  }
}
