// The reviewer's queue: its order never jumps under the reader's hands, a decision shows the next finding at once, and one
// that was refused comes back to the front.

import type { Finding } from '../../api/types';

export interface Decided {
  finding: Finding;
  kind: string;
  /** When, in milliseconds. */
  when: number;
  /** The finding's version that the decision made; none before the server has answered. */
  index?: number;
}

/** Steps after which a finding has left the queue. What else is said about one is no decision. */
export const DECIDING = new Set(['finding.file', 'finding.decline', 'finding.duplicate']);

export interface Queue {
  waiting: Finding[];
  /** Where the reader is in `waiting`. */
  place: number;
  decided: Decided[];
  /** How the page behind the last one is asked for; none when there is none. */
  next: string | undefined;
}

/** Findings left when more are asked for. */
export const FEW = 10;

export function begun(lines: Finding[], next: string | undefined): Queue {
  return { waiting: lines, place: 0, decided: [], next };
}

export function current(queue: Queue): Finding | undefined {
  return queue.waiting[queue.place];
}

const within = (queue: Queue, place: number) => Math.max(0, Math.min(place, queue.waiting.length - 1));

/** Goes on to another finding; what somebody else decided while the reader was looking at it stays behind. */
export function moved(queue: Queue, by: number): Queue {
  const [here, place] = [current(queue), within(queue, queue.place + by)];
  if (here?.status === 'reported' || place === queue.place) return { ...queue, place };
  return { ...queue, waiting: queue.waiting.filter((one) => one !== here), place: place > queue.place ? place - 1 : place };
}

const knows = (queue: Queue, id: string) =>
  queue.waiting.some((one) => one.id === id) || queue.decided.some(({ finding }) => finding.id === id);

/** More findings at the end; what is known already is not there twice. */
export function extended(queue: Queue, lines: Finding[], next: string | undefined): Queue {
  return { ...queue, next, waiting: [...queue.waiting, ...lines.filter(({ id }) => !knows(queue, id))] };
}

/** Takes a finding out of the queue because it was decided; the one behind it moves up to the reader's place. */
export function decided(queue: Queue, finding: Finding, kind: string, when: number): Queue {
  const left = without(queue, finding.id);
  return { ...left, decided: [...queue.decided, { finding, kind, when }] };
}

/** The server has taken the decision: whatever it says of the finding later than that version is news. */
export function settled(queue: Queue, id: string, index: number): Queue {
  return { ...queue, decided: queue.decided.map((one) => (one.finding.id === id ? { ...one, index } : one)) };
}

/** A decision that was refused or taken back: its finding is the reader's again. */
export function back(queue: Queue, finding: Finding): Queue {
  const left = without(queue, finding.id);
  const waiting = [...left.waiting.slice(0, left.place), finding, ...left.waiting.slice(left.place)];
  return { ...left, waiting, decided: queue.decided.filter((one) => one.finding.id !== finding.id) };
}

function without(queue: Queue, id: string): Queue {
  const at = queue.waiting.findIndex((one) => one.id === id);
  if (at < 0) return queue;
  const left = { ...queue, waiting: queue.waiting.filter((one) => one.id !== id) };
  return { ...left, place: within(left, at < queue.place ? queue.place - 1 : queue.place) };
}

/** A finding changed meanwhile: new ones come at the end, known ones are replaced where they are, and what somebody else
 * decided goes, unless the reader is looking at it. What the reader decided and somebody else opened again waits again. */
export function heard(queue: Queue, finding: Finding): Queue {
  const at = queue.waiting.findIndex(({ id }) => id === finding.id);
  if (at >= 0) {
    if (finding.index < (queue.waiting[at] as Finding).index) return queue;
    if (finding.status !== 'reported' && at !== queue.place) return without(queue, finding.id);
    return { ...queue, waiting: queue.waiting.map((one) => (one.id === finding.id ? finding : one)) };
  }
  const mine = queue.decided.find((one) => one.finding.id === finding.id);
  // What was said before the decision is told after it, too.
  const echo = mine && (mine.index === undefined || finding.index <= mine.index);
  if (finding.status !== 'reported' || echo) return queue;
  return { ...queue, waiting: [...queue.waiting, finding], decided: queue.decided.filter((one) => one !== mine) };
}

/** With all that waits as it is now, up to `next`: as if each had been heard of. What the reader looks at stays. */
export function renewed(queue: Queue, lines: Finding[], next: string | undefined): Queue {
  const here = current(queue);
  const known = new Set(lines.map(({ id }) => id));
  const waiting = queue.waiting.filter((one) => one === here || known.has(one.id));
  const left = { ...queue, next, waiting, place: here ? waiting.indexOf(here) : 0 };
  return lines.reduce(heard, left);
}

export function gone(queue: Queue, id: string): Queue {
  return without(queue, id);
}

const SITTING = 15 * 60_000;

/** Decisions an hour at the pace of the last quarter of an hour; none before there are three. */
export function rate(queue: Queue, now: number): number | undefined {
  const lately = queue.decided.filter(({ when }) => now - when < SITTING);
  const first = lately[0];
  if (!first || lately.length < 3) return undefined;
  const last = lately[lately.length - 1] as Decided;
  const span = Math.max(last.when - first.when, 1_000);
  return Math.round(((lately.length - 1) * 3_600_000) / span);
}

/** True when a finding can be filed with one key: nothing is on its way, nothing in dispute. */
export function isPlain(finding: Finding): boolean {
  return finding.open.includes('finding.file') && !finding.disputes?.length && finding.evidence.displays >= finding.evidence.expected;
}
