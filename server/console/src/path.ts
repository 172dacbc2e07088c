/** The named parts of an address that fits `at`, whose parts that begin with a colon stand for anything; none where it does not. */
export function fitting(path: string, at: string): Record<string, string> | undefined {
  const wanted = path.replace(/\/+$/, '').split('/');
  const steps = at.split('/');
  if (steps.length !== wanted.length) return undefined;
  const parts: Record<string, string> = {};
  const fits = steps.every((step, i) => {
    if (!step.startsWith(':')) return step === wanted[i];
    const part = decoded(wanted[i] ?? '');
    if (part) parts[step.slice(1)] = part;
    return Boolean(part);
  });
  return fits ? parts : undefined;
}

/** An address that was cut off may end inside of a letter. */
function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
