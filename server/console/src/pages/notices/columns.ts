// The board: what is due, what came back, and what waits for a decision.

import type { Filters } from '../../api/client.svelte';
import type { Key } from '../../words/index.svelte';
import { address, asked, dayAfter, type Filter } from '../findings/filters';

export interface Column {
  title: Key;
  kind: 'findings' | 'notices';
  query: Filters;
  /** Where the same stands as a list. */
  all: string;
}

type Wanted = Partial<Record<Filter, string>>;

/** The columns of `today`, a day of the city; `midnight` gives the instant at which a day begins there. */
export function columns(today: string, midnight: (day: string) => string): Column[] {
  const findings = (title: Key, wanted: Wanted): Column => {
    const all = address('/findings', wanted);
    return { title, kind: 'findings', query: asked(new URLSearchParams(all.split('?')[1]), midnight), all };
  };
  const notices = (title: Key, query: Record<string, string>): Column => ({ title, kind: 'notices', query, all: `/notices?${new URLSearchParams(query).toString()}` });
  return [
    findings('board.overdue', { standing: 'overdue' }),
    findings('board.today', { standing: 'running', due_before: today }),
    findings('board.week', { standing: 'running', due_from: dayAfter(today), due_before: dayAfter(today, 7) }),
    // What a unit gave back is filed again, and waits here with what was never sent.
    findings('board.filed', { status: 'filed' }),
    findings('board.rework', { status: 'returned' }),
    findings('board.wanted', { has: 'wanted', status: 'dispatched,noticed,returned' }),
    findings('board.check', { status: 'replied' }),
    notices('board.unsigned', { status: 'issued', order: 'due' }),
    notices('board.appeals', { has: 'appeal' }),
  ];
}
