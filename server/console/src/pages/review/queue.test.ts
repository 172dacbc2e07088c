import { describe, expect, it } from 'vitest';
import type { Finding } from '../../api/types';
import { back, begun, current, decided, extended, gone, heard, isPlain, moved, rate, renewed, settled } from './queue';

const finding = (id: string, more: Partial<Finding> = {}) =>
  ({ id, index: 1, status: 'reported', open: ['finding.file'], evidence: { expected: 1, displays: 1, originals: 1, thumbnails: 1 }, ...more }) as Finding;

const queue = () => begun(['a', 'b', 'c'].map((id) => finding(id)), 'next');
const order = (of: { waiting: Finding[] }) => of.waiting.map(({ id }) => id).join('');

describe('the queue', () => {
  it('shows the next finding after a decision, and the one before it after the last', () => {
    const first = decided(queue(), finding('a'), 'finding.file', 0);
    expect([order(first), current(first)?.id]).toEqual(['bc', 'b']);
    const last = decided(moved(first, 5), finding('c'), 'finding.file', 0);
    expect([order(last), current(last)?.id]).toEqual(['b', 'b']);
  });

  it('brings a refused decision back to where the reader is', () => {
    const going = decided(queue(), finding('a'), 'finding.file', 0);
    const refused = back(moved(going, 1), finding('a'));
    expect([order(refused), current(refused)?.id, refused.decided]).toEqual(['bac', 'a', []]);
  });

  it('puts what comes in at the end and never under the hands', () => {
    const more = heard(moved(queue(), 1), finding('d'));
    expect([order(more), current(more)?.id]).toEqual(['abcd', 'b']);
    expect(order(extended(more, [finding('d'), finding('e')], undefined))).toBe('abcde');
    expect(order(heard(decided(queue(), finding('a'), 'finding.file', 0), finding('a')))).toBe('bc');
  });

  it('drops what somebody else decided, unless the reader is looking at it', () => {
    const filed = (id: string) => finding(id, { status: 'filed' });
    expect(order(heard(queue(), filed('c')))).toBe('ab');
    expect(current(heard(queue(), filed('a')))?.status).toBe('filed');
    const looked = heard(moved(queue(), 1), filed('b'));
    expect([order(moved(looked, 1)), current(moved(looked, 1))?.id]).toEqual(['ac', 'c']);
    expect([order(moved(looked, -1)), current(moved(looked, -1))?.id]).toEqual(['ac', 'a']);
    const behind = heard(moved(queue(), 2), filed('a'));
    expect([order(behind), current(behind)?.id]).toEqual(['bc', 'c']);
    expect(order(gone(queue(), 'b'))).toBe('ac');
  });

  it('takes back what somebody else opened again, and not what was said before the decision', () => {
    const going = decided(queue(), finding('a'), 'finding.file', 0);
    expect(heard(going, finding('a', { index: 5 }))).toBe(going);
    const filed = settled(going, 'a', 5);
    expect(heard(filed, finding('a', { index: 4 }))).toBe(filed);
    expect(heard(filed, finding('a', { index: 6, status: 'filed' }))).toBe(filed);
    const again = heard(filed, finding('a', { index: 7 }));
    expect([order(again), current(again)?.id, again.decided]).toEqual(['bca', 'b', []]);
  });

  it('is made new as a whole without moving under the hands', () => {
    const going = settled(decided(moved(queue(), 1), finding('a'), 'finding.file', 0), 'a', 4);
    const now = renewed(going, [finding('d'), finding('c', { note: 'new' }), finding('a', { index: 3 })], 'more');
    expect([order(now), current(now)?.id, now.next, now.waiting[1]?.note]).toEqual(['bcd', 'b', 'more', 'new']);
  });

  it('keeps what is newer when an older reply comes late', () => {
    const now = heard(queue(), finding('b', { index: 3, note: 'new' }));
    expect(heard(now, finding('b', { index: 2 }))).toBe(now);
  });

  it('tells the pace once there is one', () => {
    let now = queue();
    for (const [i, id] of ['a', 'b', 'c'].entries()) now = decided(now, finding(id), 'finding.file', i * 18_000);
    expect(rate(now, 40_000)).toBe(200);
    expect(rate(queue(), 0)).toBeUndefined();
  });

  it('files with one key only what needs no words', () => {
    expect(isPlain(finding('a'))).toBe(true);
    expect(isPlain(finding('a', { evidence: { expected: 2, displays: 1, originals: 1, thumbnails: 1 } }))).toBe(false);
    expect(isPlain(finding('a', { disputes: [{ field: 'note', values: [] }] }))).toBe(false);
    expect(isPlain(finding('a', { open: [] }))).toBe(false);
  });
});
