// What an entry of a register is asked for, and what is said of it: a set is said member by member, so that two people who
// change different members at once are both heard.

export type Field =
  | { name: string; form: 'line' | 'shape'; required?: boolean }
  | { name: string; form: 'unit' }
  | { name: string; form: 'choice'; family: string; options: string[] }
  | { name: string; form: 'set'; of: 'roles' | 'areas' | 'actions' | 'rights' };

export const FORMS: Record<string, Field[]> = {
  user: [
    { name: 'name', form: 'line', required: true },
    { name: 'roles', form: 'set', of: 'roles' },
    { name: 'unit', form: 'unit' },
    { name: 'areas', form: 'set', of: 'areas' },
    { name: 'actions', form: 'set', of: 'actions' },
  ],
  unit: [
    { name: 'name', form: 'line', required: true },
    { name: 'code', form: 'line' },
  ],
  role: [
    { name: 'name', form: 'line', required: true },
    { name: 'sees', form: 'choice', family: 'sees', options: ['area', 'unit', 'nothing'] },
    { name: 'may', form: 'set', of: 'rights' },
  ],
  area: [
    { name: 'name', form: 'line', required: true },
    { name: 'unit', form: 'unit' },
    { name: 'shape', form: 'shape', required: true },
  ],
};

export type Filled = Record<string, string | string[]>;

/** The form of an entry as it is, or of a new one. */
export function filledFrom(fields: Field[], entry: Record<string, unknown> | undefined): Filled {
  return Object.fromEntries(
    fields.map((field) => {
      const value = entry?.[field.name];
      if (field.form === 'set') return [field.name, Array.isArray(value) ? [...(value as string[])] : []];
      if (field.form === 'shape') return [field.name, value ? JSON.stringify(value) : ''];
      return [field.name, typeof value === 'string' ? value : ''];
    }),
  );
}

/** What is said: of a new entry everything that is filled in, of a known one what differs. */
export function bodyOf(fields: Field[], filled: Filled, before: Filled | undefined): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const field of fields) {
    const now = filled[field.name] ?? '';
    const was = before?.[field.name];
    if (Array.isArray(now)) {
      const old = Array.isArray(was) ? was : [];
      const added = now.filter((one) => !old.includes(one)).map((one) => [one, true] as const);
      const removed = old.filter((one) => !now.includes(one)).map((one) => [one, null] as const);
      if (added.length + removed.length > 0) body[field.name] = Object.fromEntries([...added, ...removed]);
    } else if (now.trim() !== (was ?? '')) {
      const text = now.trim();
      if (text) body[field.name] = field.form === 'shape' ? (JSON.parse(text) as unknown) : text;
      else if (before) body[field.name] = null;
    }
  }
  return body;
}

/** Why a text is no shape of an area; none when it is one. */
export function unshaped(text: string): 'json' | 'form' | 'degrees' | undefined {
  let shape: unknown;
  try {
    shape = JSON.parse(text);
  } catch {
    return 'json';
  }
  const { type, coordinates } = (shape ?? {}) as { type?: unknown; coordinates?: unknown };
  if ((type !== 'Polygon' && type !== 'MultiPolygon') || !Array.isArray(coordinates) || coordinates.length === 0) return 'form';
  const numbers = (coordinates.flat(type === 'Polygon' ? 1 : 2) as unknown[]).every(
    (point) => Array.isArray(point) && point.length >= 2 && Math.abs(point[0] as number) <= 180 && Math.abs(point[1] as number) <= 90,
  );
  return numbers ? undefined : 'degrees';
}

/** The shape in what was pasted or opened: itself, or that of the one feature that holds it. */
export function shapeIn(text: string): string {
  try {
    const read = JSON.parse(text) as { type?: string; geometry?: unknown; features?: { geometry?: unknown }[] };
    if (read.type === 'Feature') return JSON.stringify(read.geometry);
    if (read.type === 'FeatureCollection' && read.features?.length === 1) return JSON.stringify(read.features[0]?.geometry);
  } catch {
    // Said where the form is checked.
  }
  return text;
}

/** A field in which two people said different things: what stands now, and what is typed here. */
export interface Clash {
  name: string;
  stands: string | string[];
}

const same = (one: string | string[], other: string | string[]) =>
  Array.isArray(one) && Array.isArray(other) ? one.length === other.length && one.every((member) => other.includes(member)) : one === other;

/**
 * A form on top of an entry that somebody else changed too: what was typed is kept, what was left alone is as it is now, and
 * `clashes` are the fields in which the two differ. Said again on top of that, what is typed stands.
 */
export function rebased(fields: Field[], before: Filled, filled: Filled, now: Filled): { filled: Filled; clashes: Clash[] } {
  const kept: Filled = {};
  const clashes: Clash[] = [];
  for (const { name } of fields) {
    const [was, typed, stands] = [before[name] ?? '', filled[name] ?? '', now[name] ?? ''];
    if (Array.isArray(typed) && Array.isArray(was) && Array.isArray(stands)) {
      const left = stands.filter((one) => typed.includes(one) || !was.includes(one));
      kept[name] = [...left, ...typed.filter((one) => !was.includes(one) && !left.includes(one))];
    } else {
      kept[name] = same(typed, was) ? stands : typed;
    }
    if (!same(kept[name], stands)) clashes.push({ name, stands });
  }
  return { filled: kept, clashes };
}
