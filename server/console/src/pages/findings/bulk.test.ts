import { expect, it } from 'vitest';
import { Problem } from '../../api/problem';
import type { Finding } from '../../api/types';
import { again, common, idsOf, open, planned, said, together, typedFor, worded } from './bulk';

const all = { expected: 1, originals: 1, displays: 1, thumbnails: 1 };
const finding = (id: string, open: string[] = [], more = {}) => ({ id, kind: 'finding', open, evidence: all, status: 'filed', ...more }) as unknown as Finding;

let n = 0;
const newId = () => `op${n++}`;

it('offers what is open in all of them', () => {
  const many = [finding('a', ['finding.file', 'finding.note']), finding('b', ['finding.note'])];
  expect(common(many, ['finding.file', 'finding.note'])).toEqual(['finding.note']);
  expect(common([], ['finding.note'])).toEqual([]);
});

it('asks for whatever any of them asks for, and says it of that one alone', () => {
  const away = finding('b', [], { evidence: { ...all, displays: 0 } });
  const many = [finding('a'), away];
  expect(together('finding.file', many).inputs.map(({ name }) => name)).toEqual(['condition', 'unseen']);
  const said = worded(planned(many, newId), 'finding.file', { condition: '属实', unseen: '夜间' }, newId);
  expect(said.map(({ body }) => body)).toEqual([{ condition: '属实' }, { condition: '属实', unseen: '夜间' }]);
});

it('says the same words again when it is tried again', () => {
  const first = worded(planned([finding('a')], newId), 'finding.note', { note: '一' }, newId);
  expect(worded(first, 'finding.note', { note: '二' }, newId)).toEqual(first);
});

it('goes on behind a refusal, and tries only the refused again, under the same ids', async () => {
  const plan = planned(['a', 'b', 'c'].map((id) => finding(id)), newId);
  const heard: string[] = [];
  const first = await said(plan, async ({ finding, id }) => {
    heard.push(id);
    if (finding.id === 'b') throw new Error('away');
  }, () => undefined);
  expect(first.map(({ state }) => state)).toEqual(['done', 'refused', 'done']);
  const second = await said(first, async ({ id }) => void heard.push(id), () => undefined);
  expect(second.every(({ state }) => state === 'done')).toBe(true);
  expect(heard).toEqual([...plan.map(({ id }) => id), plan[1]?.id]);
});

it('stops where somebody says enough, and leaves the rest waiting', async () => {
  let told = 0;
  const now = await said(planned(['a', 'b', 'c'].map((id) => finding(id)), newId), async () => undefined, () => (told += 1), () => told === 1);
  expect(now.map(({ state }) => state)).toEqual(['done', 'waiting', 'waiting']);
});

it('says anew what was turned down, from where it is now, and not where it is no longer open', async () => {
  const moved = new Problem(409, 'state_changed', 'is declined', undefined);
  const plan = worded(planned([finding('a', ['finding.file']), finding('b', ['finding.file'])], newId), 'finding.file', { condition: '属实' }, newId);
  const refused = await said(plan, ({ finding }) => Promise.reject(finding.id === 'a' ? moved : new Error('away')), () => undefined);
  expect(refused.every((one) => open('finding.file', one))).toBe(true);
  const next = await again(refused, async (id) => finding(id, ['finding.note'], { status: 'declined' }), newId);
  expect(next[0]).toMatchObject({ finding: { status: 'declined' }, body: undefined });
  expect(next[0]?.id).not.toBe(plan[0]?.id);
  expect(open('finding.file', next[0]!)).toBe(false);
  // Nobody knows whether this one was heard.
  expect(next[1]).toMatchObject({ id: plan[1]?.id, body: { condition: '属实' } });
});

it('fills in again what was typed about the same findings, and about no others', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((id) => finding(id)) as [Finding, Finding, Finding];
  const typed = { of: idsOf([b, a]), filled: { reason: '照片不清' } };
  expect(typedFor(typed, [a, b])).toEqual({ reason: '照片不清' });
  expect([typedFor(typed, [a]), typedFor(typed, [a, c]), typedFor({ of: [], filled: { reason: '?' } }, [a])]).toEqual([{}, {}, {}]);
});
