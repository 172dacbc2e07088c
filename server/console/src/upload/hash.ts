// A file's name in the ledger: SHA-256 of its bytes. The browser's own hashing is missing where a page comes without TLS,
// as it does inside an office.

import { sha256 } from '@noble/hashes/sha2.js';

const PIECE = 1024 * 1024;

/** Hashes a file a piece at a time, so that the page goes on answering. */
export async function hashOf(file: Blob, signal?: AbortSignal): Promise<string> {
  const hash = sha256.create();
  for (let at = 0; at < file.size; at += PIECE) {
    hash.update(new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer()));
    signal?.throwIfAborted();
  }
  return `sha256:${base64url(hash.digest())}`;
}

export function base64url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
