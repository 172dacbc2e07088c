import { expect, it } from 'vitest';
import type { Deduction, Notice } from './api/types';
import { cost, printed, standing } from './notice';

const notice = {
  findings: ['a', 'b', 'c'],
  struck: ['b'],
  points: { a: 70, b: 10 },
  face: { lines: ['督办单', '1. 乱堆乱放（SR-1）', '问题描述：…', '2. 垃圾未日产日清（GB/T 30428.2-2013 01-10、GB/T 47678.5-2026 06010）', '3. 店外经营'] },
} as unknown as Notice;

it('leaves out what was struck', () => {
  expect(standing(notice)).toEqual(['a', 'c']);
  expect(standing({ ...notice, struck: undefined })).toEqual(['a', 'b', 'c']);
});

it('names a finding as the paper does', () => {
  expect(printed(notice, 'b')).toBe('垃圾未日产日清');
  expect(printed(notice, 'x')).toBe('');
  expect(printed({ ...notice, face: undefined }, 'b')).toBe('');
});

it('costs what was not given back', () => {
  const rows = [
    { id: 'r1', rule: 'notice', finding: 'a', points: 70 },
    { id: 'r2', rule: 'notice', finding: 'b', points: 10 },
    { id: 'r3', rule: 'return', finding: 'b', of: 'r2', points: -10 },
    // Points for other reasons are not the notice's, nor is giving them back.
    { id: 'r4', rule: 'overdue', finding: 'a', points: 300 },
    { id: 'r5', rule: 'return', finding: 'a', of: 'r4', points: -300 },
  ] as Deduction[];
  expect(cost(notice, rows)).toEqual({ points: 70, back: 10 });
  expect(cost(notice)).toEqual({ points: 80, back: 0 });
});
