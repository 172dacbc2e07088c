// What a unit's cases mean to the unit: which of them wait for it, for the city, or for nobody, and in which order they are due.

import type { Finding, Notice } from '../../api/types';
import { FORMS, offered } from '../../steps';

export type Part = 'sign' | 'do' | 'check' | 'notices' | 'done';
export type Case = Finding | Notice;

/** The parts of the desk in the order of their urgency, and the states that belong to each. */
export const PARTS: Record<Part, { kind: Case['kind']; status: string[] }> = {
  sign: { kind: 'notice', status: ['issued'] },
  do: { kind: 'finding', status: ['dispatched', 'noticed', 'returned'] },
  check: { kind: 'finding', status: ['replied'] },
  notices: { kind: 'notice', status: ['signed_for', 'replied', 'returned', 'repeated'] },
  done: { kind: 'finding', status: ['closed'] },
};

export function partOf(one: Case): Part | undefined {
  return (Object.keys(PARTS) as Part[]).find((part) => PARTS[part].kind === one.kind && PARTS[part].status.includes(one.status));
}

/** When something has to be done about it, for putting what is due first first; what is suspended comes last. */
function due(one: Case): string {
  if (one.kind === 'finding') return (one.standing !== 'suspended' && one.deadline) || '~';
  if (one.status === 'issued') return one.sign_by ?? '~';
  return Object.values(one.deadlines ?? {}).sort()[0] ?? '~';
}

/** By code and not as words: `~` stands behind every time. */
const before = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Cases of a part in its order: what is due first, and of what is done the latest. */
export function inOrder<T extends Case>(part: Part, cases: T[]): T[] {
  if (part === 'done') return cases.toSorted((a, b) => closed(b).localeCompare(closed(a)) || b.index - a.index);
  return cases.toSorted((a, b) => before(due(a), due(b)) || a.id.localeCompare(b.id));
}

const closed = (one: Case) => one.closed ?? '';

/** The cases with one as it is now; none of it where it is no longer the unit's. What is known to be newer stays. */
export function withCase(cases: ReadonlyMap<string, Case>, id: string, now: Case | undefined): Map<string, Case> {
  const all = new Map(cases);
  const known = all.get(id);
  if (!now || !partOf(now)) all.delete(id);
  else if (!known || known.index <= now.index) all.set(id, now);
  return all;
}

export function overdue(cases: Case[]): number {
  return cases.filter((one) => one.kind === 'finding' && one.standing === 'overdue').length;
}

const RANK = { go: 0, plain: 1, stop: 2 };

/** The steps that are open in it, what moves it on first: under a thumb that is what it should meet. */
export function stepsOf(one: Case): string[] {
  const rank = (kind: string) => RANK[FORMS[kind]?.weight ?? 'plain'];
  return offered(one).toSorted((a, b) => rank(a) - rank(b));
}
