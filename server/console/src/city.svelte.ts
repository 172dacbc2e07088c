// The city's names: what ids stand for on every page.

import { api, got } from './api/client.svelte';
import { onChange } from './api/live';
import type { Area, City, Item, Person, Unit } from './api/types';
import { language, said } from './words/index.svelte';
import { clock } from './words/time.svelte';

interface Named {
  city: City | undefined;
  units: Map<string, Unit>;
  areas: Map<string, Area>;
  people: Map<string, Person>;
  items: Map<string, Item>;
}

let held: Named = $state.raw({
  city: undefined,
  units: new Map(),
  areas: new Map(),
  people: new Map(),
  items: new Map(),
});

export function city(): City | undefined {
  return held.city;
}

export async function loadCity(): Promise<void> {
  const fresh = await got<City>(api.GET('/v1/city' as never, {} as never));
  const byId = <T extends { id: string }>(rows: T[]) => new Map(rows.map((row) => [row.id, row]));
  held = {
    city: fresh,
    units: byId(fresh.units),
    areas: byId(fresh.areas),
    people: byId(fresh.people),
    items: byId(fresh.items),
  };
  clock.zone = fresh.zone;
}

const REGISTERS = new Set(['user', 'unit', 'area', 'catalogue', 'ledger']);
let due: ReturnType<typeof setTimeout> | undefined;

onChange((change) => {
  if (!REGISTERS.has(change.kind) || due) return;
  due = setTimeout(() => {
    due = undefined;
    void loadCity();
  }, 1_000);
});

export const unitOf = (id: string | undefined | null) => (id ? held.units.get(id) : undefined);
export const personOf = (id: string | undefined | null) => (id ? held.people.get(id) : undefined);
export const areaOf = (id: string | undefined | null) => (id ? held.areas.get(id) : undefined);
export const itemOf = (id: string | undefined | null) => (id ? held.items.get(id) : undefined);

/** The item's words in the language of now; its id where the catalogue does not know it. */
export function itemName(id: string | undefined | null): string {
  void language.current;
  return said(itemOf(id)) || id || '';
}
