// What differs between two versions of the catalogue: its items, and everything that is not an item.

import type { Words } from '../../api/types';

type Fields = Record<string, unknown>;
interface Named extends Fields {
  id: string;
  name?: Words;
}

export interface Document extends Fields {
  name?: Words;
  deductions?: Fields;
  standards?: Named[];
  place_types?: Named[];
  actions: (Named & { items: Named[] })[];
}

/** In the order in which they are shown. */
export const PARTS = ['catalogue', 'deductions', 'standard', 'place_type', 'action', 'item'] as const;
export type Part = (typeof PARTS)[number];

export interface Change {
  name: string;
  was: unknown;
  is: unknown;
}

export interface Difference {
  part: Part;
  id: string;
  /** What it is called, in the newer of the versions that have it. */
  called: Words | undefined;
  what: 'added' | 'removed' | 'changed';
  fields: Change[];
  /** Everything that the versions say of it, for what is only to be understood together. */
  was: Fields | undefined;
  is: Fields | undefined;
}

interface Entry {
  part: Part;
  id: string;
  fields: Fields;
}

function entries({ name, deductions, standards = [], place_types = [], actions }: Document): Map<string, Entry> {
  const all: Entry[] = [
    { part: 'catalogue', id: '', fields: { name } },
    { part: 'deductions', id: '', fields: deductions ?? {} },
    ...standards.map(({ id, ...fields }): Entry => ({ part: 'standard', id, fields })),
    ...place_types.map(({ id, ...fields }): Entry => ({ part: 'place_type', id, fields })),
    ...actions.map(({ id, items: _, ...fields }): Entry => ({ part: 'action', id, fields })),
    ...actions.flatMap((action) => action.items.map(({ id, ...fields }): Entry => ({ part: 'item', id, fields: { ...fields, action: action.id } }))),
  ];
  return new Map(all.map((entry) => [`${entry.part} ${entry.id}`, entry]));
}

const same = (one: unknown, other: unknown) => JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));

/** The same value with the members of its objects in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, one]) => [name, sorted(one)]));
}

const isNames = (value: unknown): value is string[] => Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string');

/** Of a long list only what went and what came; nothing of either where only the order is another. */
function change(name: string, was: unknown, is: unknown): Change {
  if (!isNames(was) || !isNames(is)) return { name, was, is };
  return { name, was: was.filter((one) => !is.includes(one)), is: is.filter((one) => !was.includes(one)) };
}

export function differences(old: Document, fresh: Document): Difference[] {
  const [before, after] = [entries(old), entries(fresh)];
  const found: Difference[] = [];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(key), after.get(key)];
    const { part, id, fields } = (is ?? was) as Entry;
    const names = [...new Set([...Object.keys(was?.fields ?? {}), ...Object.keys(is?.fields ?? {})])];
    const fresher = { part, id, called: fields['name'] as Words | undefined, was: was?.fields, is: is?.fields };
    if (!was || !is) {
      found.push({ ...fresher, what: is ? 'added' : 'removed', fields: [] });
      continue;
    }
    const changed = names.filter((name) => !same(was.fields[name], is.fields[name])).map((name) => change(name, was.fields[name], is.fields[name]));
    if (changed.length) found.push({ ...fresher, what: 'changed', fields: changed });
  }
  return found.sort((a, b) => PARTS.indexOf(a.part) - PARTS.indexOf(b.part) || a.id.localeCompare(b.id, 'en', { numeric: true }));
}
