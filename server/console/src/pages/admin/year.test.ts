import { expect, it } from 'vitest';
import { amendment, applied, changed, edited, months, turned, worked, type Day, type Hours } from './year';

const day = (date: string) => months(2026).flat().find((one) => one.date === date) as Day;

it('has every day of a year under its weekday', () => {
  expect(months(2026).flat()).toHaveLength(365);
  expect(months(2028).flat()).toHaveLength(366);
  // New Year's Day of 2026 was a Thursday.
  expect(day('2026-01-01')).toMatchObject({ column: 4, weekend: false });
  expect(day('2026-11-29')).toMatchObject({ column: 7, weekend: true });
});

it('turns days over and back', () => {
  const off = turned(day('2026-11-26'), {});
  expect([off, worked(day('2026-11-26'), off)]).toEqual([{ '2026-11-26': 'off' }, false]);
  expect(turned(day('2026-11-26'), off)).toEqual({});
  expect(turned(day('2026-11-28'), {})).toEqual({ '2026-11-28': 'work' });
});

it('says only what differs', () => {
  expect(changed({ a: 'off', b: 'work' }, { b: 'work', c: 'off' })).toEqual({ a: null, c: 'off' });
});

it('keeps what was changed when somebody else changes other days', () => {
  const [short, long]: Hours[] = [[['09:00', '12:00']], [['08:30', '12:00']]];
  const stands = { days: { a: 'off' as const, b: 'work' as const }, hours: short as Hours };
  const edit = edited(stands, { days: { b: 'work', c: 'off' }, hours: long as Hours }, 7);
  expect(edit).toEqual({ days: { a: null, c: 'off' }, hours: long, base: 7 });
  const now = { days: { ...stands.days, d: 'off' as const }, hours: short as Hours };
  expect(applied(now, edit)).toEqual({ days: { b: 'work', c: 'off', d: 'off' }, hours: long });
  expect(amendment({ days: {}, hours: long })).toEqual({ hours: long });
  expect(edited(stands, stands, 7)).toBeUndefined();
});
