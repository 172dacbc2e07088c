// Why a photo is not shown, from what the server says when it is asked for by itself: the picture's own error tells nothing.

import { pause } from '../api/patience';
import { Problem } from '../api/problem';

export type Missing = 'away' | 'damaged' | 'busy' | 'refused' | 'signed_out' | 'failed';

/** Only the server's own word makes a photo one that was altered. */
export function missing(problem: unknown): Missing {
  if (!(problem instanceof Problem)) return 'failed';
  if (problem.code === 'blob_damaged') return 'damaged';
  const known: Record<number, Missing> = { 401: 'signed_out', 403: 'refused', 404: 'away', 429: 'busy' };
  return known[problem.status] ?? 'failed';
}

/** What passes without anybody doing something about the photo is asked for again, after so many milliseconds. */
export function patience(problem: unknown, tries: number): number | undefined {
  if (!['busy', 'signed_out', 'failed'].includes(missing(problem))) return undefined;
  const told = problem instanceof Problem ? problem.retryAfter : undefined;
  return told === undefined ? pause(tries) : told * 1_000;
}
