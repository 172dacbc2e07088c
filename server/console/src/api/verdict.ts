import type { StepReply } from './types';

/** True where a step was taken and meets what somebody else said, also when it is the second reply to the same step. */
export function clashed({ verdict }: StepReply): boolean {
  const first = verdict['verdict'] === 'duplicate' ? (verdict['original'] as Record<string, unknown>) : verdict;
  return first['verdict'] === 'conflict';
}
