// Sends one picture by tus: what the server has stays there, whatever happens to line, page or session.

import { DetailedError, Upload, type HttpResponse } from 'tus-js-client';
import { renewed } from '../api/client.svelte';
import { pause, wait } from '../api/patience';
import { Problem } from '../api/problem';

export interface Progress {
  sent(bytes: number): void;
  /** The line is lost; it is tried again by itself. */
  waiting(): void;
}

/** Resolves when every byte is at the server. Refusals are problems; a lost line is waited out. */
export async function send(file: Blob, hash: string, who: string, progress: Progress, signal: AbortSignal): Promise<void> {
  for (let n = 1; ; n++) {
    try {
      await once(file, hash, who, progress, signal);
      return;
    } catch (error) {
      if (signal.aborted) throw error;
      const reply = error instanceof DetailedError ? error.originalResponse : null;
      const status = reply?.getStatus() ?? 0;
      if (status === 401) await renewed();
      else if (status >= 400 && status < 500 && ![404, 409, 410, 423, 429].includes(status)) throw problemOf(reply, status);
      progress.waiting();
      await wait(pause(n), signal);
    }
  }
}

function once(file: Blob, hash: string, who: string, progress: Progress, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const upload = new Upload(file, {
      endpoint: '/v1/uploads',
      metadata: { sha256: hash },
      fingerprint: () => Promise.resolve(`xuncha ${who} ${hash}`),
      storeFingerprintForResuming: true,
      removeFingerprintOnSuccess: true,
      // Every try begins anew here, where a lost session can be told from a lost line.
      retryDelays: null as never,
      onProgress: (sent) => progress.sent(sent),
      onSuccess: () => resolve(),
      onError: reject,
    });
    signal.addEventListener('abort', () => {
      void upload.abort();
      reject(signal.reason);
    });
    void upload.findPreviousUploads().then(([before]) => {
      if (before) upload.resumeFromPreviousUpload(before);
      upload.start();
    }, reject);
  });
}

function problemOf(reply: HttpResponse | null | undefined, status: number): Problem {
  try {
    const said = JSON.parse(reply?.getBody() ?? '') as { code?: string; detail?: string };
    return new Problem(status, said.code ?? `http_${status}`, said.detail, undefined);
  } catch {
    return new Problem(status, `http_${status}`, undefined, undefined);
  }
}
