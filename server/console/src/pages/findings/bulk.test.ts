import { expect, it } from 'vitest';
import type { Finding } from '../../api/types';
import { common, planned, said } from './bulk';

const finding = (id: string, open: string[]) => ({ id, open }) as Finding;

it('offers what is open in all of them', () => {
  const many = [finding('a', ['finding.file', 'finding.note']), finding('b', ['finding.note'])];
  expect(common(many, ['finding.file', 'finding.note'])).toEqual(['finding.note']);
  expect(common([], ['finding.note'])).toEqual([]);
});

it('goes on behind a refusal, and tries only the refused again, under the same ids', async () => {
  let n = 0;
  const plan = planned(['a', 'b', 'c'].map((id) => finding(id, [])), () => `op${n++}`);
  const heard: string[] = [];
  const first = await said(plan, async ({ finding, id }) => {
    heard.push(id);
    if (finding.id === 'b') throw new Error('state_changed');
  }, () => undefined);
  expect(first.map(({ state }) => state)).toEqual(['done', 'refused', 'done']);
  const second = await said(first, async ({ id }) => void heard.push(id), () => undefined);
  expect(second.every(({ state }) => state === 'done')).toBe(true);
  expect(heard).toEqual(['op0', 'op1', 'op2', 'op1']);
});
