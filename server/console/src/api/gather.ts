import { onChange } from './live';

/** Calls `work` with the ids of that kind that changed, and whether each is gone, at most once in `ms`; until the function that it returns is called. */
export function gathered(kind: string, ms: number, work: (changed: Map<string, boolean>) => void): () => void {
  let changed = new Map<string, boolean>();
  let due: ReturnType<typeof setTimeout> | undefined;
  const stop = onChange((change) => {
    if (change.kind !== kind) return;
    changed.set(change.entity, change.gone);
    due ??= setTimeout(() => {
      const all = changed;
      changed = new Map();
      due = undefined;
      work(all);
    }, ms);
  });
  return () => {
    stop();
    clearTimeout(due);
  };
}
