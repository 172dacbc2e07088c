import { expect, it } from 'vitest';
import type { Finding, Notice } from '../../api/types';
import { amending, blank, drafting, formOf, repeatable, total, wrong, type Form } from './composing';

const day = { amount: 3, clock: 'working_day' as const };
const notice = {
  id: 'n', kind: 'notice', index: 7, unit: 'u', source: 'on_site', level: 1, findings: ['a', 'b'], limits: { a: day },
  points: { a: 50, b: 120 }, demand: '限期整改', basis: '条例', status: 'draft', open: [], deadlines: {},
} as unknown as Notice;

it('begins with what an address asks for, each finding once', () => {
  const form = blank(new URLSearchParams('findings=a,b,a&before=n1&level=3&unit=u'));
  expect(form).toMatchObject({ findings: ['a', 'b'], level: 3, before: 'n1', unit: 'u' });
  expect(blank(new URLSearchParams('level=3')).level).toBe(1);
  expect(blank(new URLSearchParams('before=n1&level=9')).level).toBe(1);
});

it('says limits and points of what is on the notice alone', () => {
  const form: Form = { ...blank(new URLSearchParams('findings=a,b&unit=u')), limits: { a: day, gone: day }, points: { a: '0.5', b: '', gone: '9' }, texts: { demand: ' 整改 ', basis: '  ' } };
  expect(drafting(form)).toEqual({ unit: 'u', source: 'on_site', findings: { a: true, b: true }, limits: { a: day }, points: { a: 50 }, demand: '整改' });
});

it('says which notice a second one repeats', () => {
  expect(drafting(blank(new URLSearchParams('findings=a&before=n1&level=2&unit=u')))).toMatchObject({ level: 2, before: 'n1' });
});

it('says nothing where nothing is written differently', () => {
  expect(amending(formOf(notice), formOf(notice))).toEqual({});
  expect(amending(formOf(notice), { ...formOf(notice), points: { a: '0.50', b: '1.2' } })).toEqual({});
});

it('says only what is written differently, and takes away what is no more', () => {
  const was = formOf(notice);
  const is: Form = { ...was, findings: ['a', 'c'], limits: {}, points: { a: '0.75', b: '1.20' }, texts: { demand: '限期整改' } };
  expect(amending(was, is)).toEqual({
    basis: null,
    findings: { b: null, c: true },
    limits: { a: null },
    points: { a: 75, b: null },
  });
});

it('adds points up in hundredths', () => {
  const form = { ...formOf(notice), points: { a: '0.1', b: '0.2', gone: '5' } };
  expect(total(form)).toBe(30);
  expect(total({ ...form, points: { a: 'x' } })).toBeUndefined();
  expect(['', undefined, '0.5', '1.234', '-1'].map(wrong)).toEqual([false, false, false, true, true]);
});

it('is repeated about what is left to be rectified, up to the third time', () => {
  const findings = [
    { id: 'a', status: 'noticed', notice: 'n' },
    { id: 'b', status: 'replied', notice: 'n' },
    { id: 'c', status: 'returned', notice: 'n' },
    { id: 'd', status: 'noticed', notice: 'other' },
  ] as Finding[];
  const issued = { ...notice, status: 'signed_for' };
  const address = repeatable(issued, findings) ?? '';
  expect(blank(new URL(address, 'https://city.example').searchParams)).toMatchObject({ before: 'n', level: 2, unit: 'u', findings: ['a', 'c'] });
  expect(repeatable({ ...issued, level: 3 }, findings)).toBeUndefined();
  expect(repeatable({ ...issued, status: 'closed' }, findings)).toBeUndefined();
  expect(repeatable(issued, findings.slice(1, 2))).toBeUndefined();
});
