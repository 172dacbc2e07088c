import { expect, it } from 'vitest';
import { Problem } from '../api/problem';
import { missing, patience } from './missing';

const of = (status: number, code = `http_${status}`, after?: number) => new Problem(status, code, undefined, after);

it('calls a photo altered only where the server says so', () => {
  expect(missing(of(500, 'blob_damaged'))).toBe('damaged');
  const others = [of(401), of(403), of(404), of(429), of(500), of(503), new TypeError('network')];
  expect(others.map(missing)).toEqual(['signed_out', 'refused', 'away', 'busy', 'failed', 'failed', 'failed']);
});

it('asks again for what passes by itself, no sooner than the server wants', () => {
  expect(patience(of(429, 'too_many', 7), 1)).toBe(7_000);
  expect(patience(of(500), 1)).toBe(500);
  expect(patience(new TypeError('network'), 20)).toBe(10_000);
  expect([of(404), of(403), of(500, 'blob_damaged')].map((problem) => patience(problem, 1))).toEqual([undefined, undefined, undefined]);
});
