import { describe, expect, it } from 'vitest';
import { typed } from './typed';

describe('what was typed into a form', () => {
  it('is what differs from what it began with', () => {
    expect(typed({ deadline: '2026-03-01', reason: '' }, { deadline: '2026-03-01' } as Record<string, unknown>)).toEqual({});
    expect(typed({ unit: 'u', reason: '雨天' }, { unit: 'u' } as Record<string, unknown>)).toEqual({ reason: '雨天' });
  });

  it('is also that something was taken out', () => {
    expect(typed({ deadline: '' }, { deadline: '2026-03-01' })).toEqual({ deadline: '' });
  });

  it('is told by what a value holds', () => {
    expect(typed({ limit: { amount: 3, clock: 'day' } }, { limit: { amount: 3, clock: 'day' } })).toEqual({});
    expect(typed({ limit: { amount: 4, clock: 'day' } }, { limit: { amount: 3, clock: 'day' } })).toEqual({ limit: { amount: 4, clock: 'day' } });
  });
});
