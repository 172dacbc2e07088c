import { describe, expect, it } from 'vitest';
import type { Finding, Notice } from '../../api/types';
import { inOrder, overdue, partOf, stepsOf, withCase, type Case } from './desk';

const finding = (id: string, status: string, more: Partial<Finding> = {}) => ({ id, kind: 'finding', index: 1, status, open: [], standing: 'running', ...more }) as unknown as Finding;
const notice = (id: string, status: string, more: Partial<Notice> = {}) => ({ id, kind: 'notice', index: 1, status, open: [], ...more }) as unknown as Notice;
const ids = (cases: Case[]) => cases.map(({ id }) => id);

describe('a unit’s desk', () => {
  it('puts each case where whoever waits for whom looks for it', () => {
    expect([finding('a', 'noticed'), finding('b', 'returned'), finding('c', 'replied'), finding('d', 'closed'), finding('e', 'filed')].map(partOf)).toEqual(['do', 'do', 'check', 'done', undefined]);
    // A notice and a finding are replied to in the same word and are not the same thing.
    expect([notice('a', 'issued'), notice('b', 'replied'), notice('c', 'closed')].map(partOf)).toEqual(['sign', 'notices', undefined]);
  });

  it('begins with what is due first, and ends with what has no time running', () => {
    const cases = [
      finding('late', 'noticed', { deadline: '2026-12-01T00:00:00Z' }),
      finding('hung up', 'noticed', { deadline: '2026-11-01T00:00:00Z', standing: 'suspended' }),
      finding('soon', 'dispatched', { deadline: '2026-11-27T00:00:00Z' }),
      finding('never', 'dispatched'),
    ];
    expect(ids(inOrder('do', cases))).toEqual(['soon', 'late', 'hung up', 'never']);
    expect(ids(inOrder('sign', [notice('b', 'issued', { sign_by: '2026-11-28T00:00:00Z' }), notice('a', 'issued', { sign_by: '2026-11-27T00:00:00Z' })]))).toEqual(['a', 'b']);
  });

  it('shows of what is done the latest first', () => {
    expect(ids(inOrder('done', [finding('a', 'closed', { closed: '2026-11-01T00:00:00Z' }), finding('b', 'closed', { closed: '2026-11-02T00:00:00Z' })]))).toEqual(['b', 'a']);
  });

  it('takes in what is new and lets go what was given to another', () => {
    let cases = withCase(new Map(), 'a', finding('a', 'noticed', { index: 5 }));
    // A reply that was long on its way.
    cases = withCase(cases, 'a', finding('a', 'dispatched', { index: 3 }));
    expect(cases.get('a')?.status).toBe('noticed');
    expect(withCase(cases, 'a', undefined).size).toBe(0);
    expect(withCase(cases, 'a', finding('a', 'filed', { index: 6 })).size).toBe(0);
  });

  it('counts what is overdue', () => {
    expect(overdue([finding('a', 'noticed', { standing: 'overdue' }), finding('b', 'noticed'), notice('c', 'issued')])).toBe(1);
  });

  it('offers what moves a case on first and what turns it down last', () => {
    const open = ['finding.give_back', 'finding.assign', 'finding.reply', 'finding.request_extension'];
    expect(stepsOf(finding('a', 'noticed', { open }))).toEqual(['finding.reply', 'finding.assign', 'finding.request_extension', 'finding.give_back']);
  });
});
