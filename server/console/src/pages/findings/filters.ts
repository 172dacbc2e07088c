// What a list is asked for stands in the address, so that it can be sent to a colleague and is there after a reload.

export const FILTERS = ['q', 'status', 'item', 'area', 'unit', 'severity', 'standing', 'has', 'from', 'before', 'order'] as const;
export type Filter = (typeof FILTERS)[number];

/** The API's query for what stands in an address; days are whole days of the city. */
export function asked(query: URLSearchParams, midnight: (day: string) => string): Record<string, string> {
  const wanted: Record<string, string> = {};
  for (const name of FILTERS) {
    const value = query.get(name)?.trim();
    if (!value) continue;
    if (name !== 'from' && name !== 'before') wanted[name] = value;
    // Until a day means that day with all its hours.
    else if (/^\d{4}-\d{2}-\d{2}$/.test(value)) wanted[name] = midnight(name === 'before' ? dayAfter(value) : value);
  }
  return wanted;
}

export function dayAfter(day: string): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(Date.UTC(year, month - 1, date + 1)).toISOString().slice(0, 10);
}

/** The address of a download of the same list. */
export function download(wanted: Record<string, string>, ending: 'csv' | 'xlsx' | 'geojson'): string {
  const { order: _, ...filters } = wanted;
  const query = new URLSearchParams(filters).toString();
  return `/v1/findings.${ending}${query ? `?${query}` : ''}`;
}
