import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { hashOf } from './hash';

it('names a file as the ledger does, however many pieces it has', async () => {
  expect(await hashOf(new Blob([]))).toBe('sha256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU');
  const bytes = new Uint8Array(2_500_000).map((_, i) => (i * 31) % 251);
  expect(await hashOf(new Blob([bytes]))).toBe(`sha256:${createHash('sha256').update(bytes).digest('base64url')}`);
});
