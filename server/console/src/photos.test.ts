import { expect, it } from 'vitest';
import type { Finding } from './api/types';
import { displayOf, picturesOf } from './photos';

const finding = {
  photos: {
    c: { original: 'sha256:c', shows: 'after' },
    b: { original: 'sha256:b', taken: '2026-11-26T02:00:00Z' },
    a: { original: 'sha256:a', taken: '2026-11-26T03:00:00Z' },
    d: { original: 'sha256:d', shows: 'wide' },
  },
  previews: { d: { original: 'sha256:d', display: 'sha256:d1', thumbnail: 'sha256:d2', width: 1, height: 1, stamped: false } },
} as unknown as Finding;

it('shows the wide view first and what came afterwards last', () => {
  expect(picturesOf(finding).map(({ id }) => id)).toEqual(['d', 'b', 'a', 'c']);
  expect(picturesOf(finding).map(({ after }) => after)).toEqual([false, false, false, true]);
});

it('shows the original where no smaller picture was made yet', () => {
  const [wide, first] = picturesOf(finding);
  expect([wide, first].map((one) => one && displayOf(one))).toEqual(['/v1/blobs/sha256%3Ad1', '/v1/blobs/sha256%3Ab']);
});
