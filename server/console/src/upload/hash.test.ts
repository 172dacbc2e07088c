import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { hashOf } from './hash';

it('names a file as the ledger does', async () => {
  expect(await hashOf(new Blob([]))).toBe('sha256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU');
  // FIPS 180-2, appendix B.1: ba7816bf 8f01cfea …
  expect(await hashOf(new Blob(['abc']))).toBe('sha256:ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0');
});

it('names it the same however many pieces it has', async () => {
  for (const size of [1024 * 1024, 1024 * 1024 + 1, 2_500_000]) {
    const bytes = new Uint8Array(size).map((_, i) => (i * 31) % 251);
    expect(await hashOf(new Blob([bytes]))).toBe(`sha256:${createHash('sha256').update(bytes).digest('base64url')}`);
  }
});

it('stops when it is no longer wanted', async () => {
  await expect(hashOf(new Blob(['abc']), AbortSignal.abort())).rejects.toThrow();
});
