// One step said about many findings, one after the other, each under an id of its own, so that none is taken twice.

import { Problem } from '../../api/problem';
import type { Finding } from '../../api/types';
import { bodyOf, formFor, type StepForm } from '../../steps';

export interface Outcome {
  finding: Finding;
  id: string;
  state: 'waiting' | 'done' | 'refused';
  /** What was said; the same again where nobody knows whether it was heard. */
  body?: Record<string, unknown>;
  problem?: unknown;
}

/** More are not said at once. */
export const MOST = 500;

/** What was typed and for which findings. */
export interface Typed {
  of: string[];
  filled: Record<string, unknown>;
}

export const idsOf = (findings: Finding[]): string[] => findings.map(({ id }) => id).toSorted();

/** What was typed before about the very same findings: a reason for some is none for others. */
export function typedFor({ of, filled }: Typed, findings: Finding[]): Record<string, unknown> {
  return of.join() === idsOf(findings).join() ? filled : {};
}

/** Steps that are open in all of them. */
export function common(findings: Finding[], kinds: string[]): string[] {
  return kinds.filter((kind) => findings.length > 0 && findings.every(({ open }) => open.includes(kind)));
}

export function planned(findings: Finding[], newId: () => string): Outcome[] {
  return findings.map((finding) => ({ finding, id: newId(), state: 'waiting' }));
}

/** What is asked for once for all of them: whatever any of them asks for. */
export function together(kind: string, findings: Finding[]): StepForm {
  const forms = findings.map((finding) => formFor(kind, finding));
  const inputs = new Map(forms.flatMap(({ inputs }) => inputs).map((input) => [input.name, input]));
  for (const input of forms.flatMap(({ inputs }) => inputs)) if (input.required) inputs.set(input.name, input);
  return { inputs: [...inputs.values()], weight: forms[0]?.weight ?? 'plain' };
}

/** With the words that will be said about each, which are only those that it asks for. */
export function worded(outcomes: Outcome[], kind: string, filled: Record<string, unknown>, newId: () => string): Outcome[] {
  return outcomes.map((outcome) => ({ ...outcome, body: outcome.body ?? bodyOf(formFor(kind, outcome.finding), filled, newId) }));
}

/** Says all that are not done yet; tells after each how it stands. A refusal is that finding's own and stops no other. */
export async function said(
  outcomes: Outcome[],
  say: (outcome: Outcome) => Promise<unknown>,
  tell: (outcomes: Outcome[]) => void,
  enough: () => boolean = () => false,
): Promise<Outcome[]> {
  let now = outcomes;
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.state === 'done') continue;
    if (enough()) break;
    const after: Outcome = await say(outcome).then(
      () => ({ ...outcome, state: 'done', problem: undefined }),
      (problem: unknown) => ({ ...outcome, state: 'refused', problem }),
    );
    now = now.map((one, at) => (at === i ? after : one));
    tell(now);
  }
  return now;
}

export function codeOf(problem: unknown): string {
  return problem instanceof Problem ? problem.code : 'network';
}

/**
 * What is tried again. What the law turned down left nothing, so it is said anew, from where the finding is now; of what got no
 * answer nobody knows whether it was heard, so it is the very same step.
 */
export async function again(outcomes: Outcome[], look: (id: string) => Promise<Finding>, newId: () => string): Promise<Outcome[]> {
  const seen: Outcome[] = [];
  for (const outcome of outcomes) {
    const turnedDown = outcome.state === 'refused' && outcome.problem instanceof Problem && outcome.problem.turnedDown;
    if (!turnedDown) {
      seen.push(outcome);
      continue;
    }
    const finding = await look(outcome.finding.id).catch(() => outcome.finding);
    seen.push({ ...outcome, finding, id: newId(), body: undefined });
  }
  return seen;
}

/** True where the step can still be taken. */
export function open(kind: string, { state, finding }: Outcome): boolean {
  return state !== 'done' && finding.open.includes(kind);
}
