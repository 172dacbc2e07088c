// What differs between two versions of the catalogue, item by item.

export interface Document {
  actions: { id: string; items: ({ id: string } & Record<string, unknown>)[] }[];
}

export interface Difference {
  id: string;
  what: 'added' | 'removed' | 'changed';
  /** Fields that differ: how each was, and how it is. */
  fields: { name: string; was: unknown; is: unknown }[];
}

const items = (document: Document) => new Map(document.actions.flatMap((action) => action.items.map((item) => [item.id, item] as const)));

export function differences(old: Document, fresh: Document): Difference[] {
  const [before, after] = [items(old), items(fresh)];
  const found: Difference[] = [];
  for (const [id, is] of after) {
    const was = before.get(id);
    if (!was) {
      found.push({ id, what: 'added', fields: [] });
      continue;
    }
    const names = [...new Set([...Object.keys(was), ...Object.keys(is)])];
    const fields = names
      .filter((name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]))
      .map((name) => ({ name, was: was[name], is: is[name] }));
    if (fields.length) found.push({ id, what: 'changed', fields });
  }
  for (const id of before.keys()) if (!after.has(id)) found.push({ id, what: 'removed', fields: [] });
  return found.sort((a, b) => a.id.localeCompare(b.id));
}
