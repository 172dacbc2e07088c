// One step said about many findings, one after the other, each under an id of its own, so that trying again is the same step.

import type { Finding } from '../../api/types';

export interface Outcome {
  finding: Finding;
  id: string;
  state: 'waiting' | 'done' | 'refused';
  problem?: unknown;
}

/** Steps that are open in all of them. */
export function common(findings: Finding[], kinds: string[]): string[] {
  return kinds.filter((kind) => findings.length > 0 && findings.every(({ open }) => open.includes(kind)));
}

export function planned(findings: Finding[], newId: () => string): Outcome[] {
  return findings.map((finding) => ({ finding, id: newId(), state: 'waiting' }));
}

/** Says all that are not done yet; tells after each how it stands. A refusal is that finding's own and stops no other. */
export async function said(
  outcomes: Outcome[],
  say: (outcome: Outcome) => Promise<unknown>,
  tell: (outcomes: Outcome[]) => void,
): Promise<Outcome[]> {
  let now = outcomes;
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.state === 'done') continue;
    const after: Outcome = await say(outcome).then(
      () => ({ ...outcome, state: 'done', problem: undefined }),
      (problem: unknown) => ({ ...outcome, state: 'refused', problem }),
    );
    now = now.map((one, at) => (at === i ? after : one));
    tell(now);
  }
  return now;
}
