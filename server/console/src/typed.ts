// What somebody typed into a form, told from what the form began with.

/** What in `filled` is not as it was in `starting`; nothing there and nothing filled in are the same. */
export function typed<T extends object>(filled: T, starting: T): Partial<T> {
  const alike = (a: unknown, b: unknown) => JSON.stringify(a ?? '') === JSON.stringify(b ?? '');
  const members = Object.entries(filled).filter(([name, value]) => !alike(value, starting[name as keyof T]));
  return Object.fromEntries(members) as Partial<T>;
}
