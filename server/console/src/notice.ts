// What still stands on a notice. What a unit gave back as not its own, what an appeal took off, and what a later notice took
// over stays among its findings as struck.

import type { Deduction, Id, Notice } from './api/types';

export function standing(notice: Notice): Id[] {
  const struck = new Set(notice.struck);
  return notice.findings.filter((id) => !struck.has(id));
}

/** What the paper calls a finding: its numbered line, for a reader to whom the finding itself is shown no more. */
export function printed(notice: Notice, id: Id): string {
  const number = notice.findings.indexOf(id) + 1;
  const lines = (notice.face as { lines?: unknown } | undefined)?.lines;
  if (!number || !Array.isArray(lines)) return '';
  const start = `${number}. `;
  const line = lines.find((one): one is string => typeof one === 'string' && one.startsWith(start));
  // Behind the name stand its codes in national lists.
  return line?.slice(start.length).replace(/（[^（）]*\d[^（）]*）$/, '') ?? '';
}

/** Hundredths that a notice costs; what was given back in rows of points is no longer among them. */
export function cost(notice: Notice, rows: Deduction[] = []): { points: number; back: number } {
  const points = Object.values(notice.points ?? {}).reduce((sum, one) => sum + one, 0);
  const own = new Set(rows.filter(({ rule }) => rule === 'notice').map(({ id }) => id));
  const back = rows.reduce((sum, { of, points: some }) => (of && own.has(of) ? sum - some : sum), 0);
  return { points: points - back, back };
}
