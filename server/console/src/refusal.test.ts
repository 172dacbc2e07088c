import { expect, it } from 'vitest';
import { refusalOf } from './refusal';

it('is there once it was said, and not before', () => {
  expect(refusalOf({ id: 'f' })).toBeUndefined();
  expect(refusalOf({ refused_because: null, refused_at: null })).toBeUndefined();
  expect(refusalOf({ refused_because: '汛期将至' })).toEqual({ because: '汛期将至' });
  expect(refusalOf({ refused_because: '汛期将至', refused_at: '2026-11-27T08:00:00Z' })).toEqual({ because: '汛期将至', at: '2026-11-27T08:00:00Z' });
});
