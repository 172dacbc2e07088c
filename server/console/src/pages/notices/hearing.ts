// An appeal and what was said about it, as the history of the notice has it.

import type { Id, Said, Time } from '../../api/types';

export interface Vote {
  by: Id | null | undefined;
  says: string;
  because: string;
  at: Time;
}

export interface Hearing {
  /** Findings that the appeal is about; all of them where it names none. */
  of: Id[];
  votes: Vote[];
}

/** What was turned down is in no history, and each step that is there counted. */
export function hearing(said: Said[]): Hearing {
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const appeal = said.find(({ kind }) => kind === 'notice.appeal');
  const votes = said.filter(({ kind }) => kind === 'notice.hear');
  return {
    of: Object.keys((appeal?.body?.['appeal_of'] as object | undefined) ?? {}),
    votes: votes.map(({ by, at, body }) => ({ by, at, says: text(body?.['says']), because: text(body?.['because']) })),
  };
}
