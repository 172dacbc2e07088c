// Points are whole hundredths; people write them with up to two decimals.

/** Hundredths of what was typed; none where it is no number of points. */
export function hundredths(typed: string): number | undefined {
  const text = typed.trim().replace(/[，,．]/g, '.');
  if (!/^\d{1,4}(\.\d{1,2})?$/.test(text)) return undefined;
  const [whole = '0', part = ''] = text.split('.');
  return Number(whole) * 100 + Number(part.padEnd(2, '0'));
}

export function shown(points: number | undefined): string {
  return points === undefined ? '' : (points / 100).toFixed(2);
}
