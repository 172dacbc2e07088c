// What a list is asked for stands in the address, so that it can be sent to a colleague and is there after a reload.

export const FILTERS = [
  'q', 'status', 'item', 'area', 'unit', 'severity', 'standing', 'has', 'from', 'before', 'due_from', 'due_before', 'order',
] as const;
export type Filter = (typeof FILTERS)[number];

/** Filters that are days; `true` where the day itself is meant with all its hours. */
const DAYS: Partial<Record<Filter, boolean>> = { from: false, before: true, due_from: false, due_before: true };

/** States that are looked for together. */
export const GROUPS = {
  open: 'reported,filed,dispatched,noticed,replied,returned',
  sent: 'dispatched,noticed,returned',
  ended: 'closed,fixed_on_the_spot,declined,duplicate,void',
} as const;

/** The API's query for what stands in an address; days are whole days of the city. */
export function asked(query: URLSearchParams, midnight: (day: string) => string): Record<string, string> {
  const wanted: Record<string, string> = {};
  for (const name of FILTERS) {
    const value = query.get(name)?.trim();
    if (!value) continue;
    const whole = DAYS[name];
    if (whole === undefined) wanted[name] = value;
    // Until a day means that day with all its hours.
    else if (/^\d{4}-\d{2}-\d{2}$/.test(value)) wanted[name] = midnight(whole ? dayAfter(value) : value);
  }
  return wanted;
}

/** How many filters an address sets, besides the words and the order. */
export function set(query: URLSearchParams): number {
  return FILTERS.filter((name) => name !== 'q' && name !== 'order' && query.get(name)?.trim()).length;
}

/** The address of a list. */
export function address(path: string, filters: Partial<Record<Filter, string>>): string {
  const query = new URLSearchParams(FILTERS.flatMap((name) => (filters[name] ? [[name, filters[name] as string]] : []))).toString();
  return query ? `${path}?${query}` : path;
}

export function dayAfter(day: string, days = 1): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(Date.UTC(year, month - 1, date + days)).toISOString().slice(0, 10);
}

/** The address of a download of the same list. */
export function download(wanted: Record<string, string>, ending: 'csv' | 'xlsx' | 'geojson'): string {
  const { order: _, ...filters } = wanted;
  const query = new URLSearchParams(filters).toString();
  return `/v1/findings.${ending}${query ? `?${query}` : ''}`;
}
