// What an op says, member by member, in the words of whoever reads it: no ids, no times of machines, no JSON.

import { t, term } from '../words/index.svelte';

/** What ids stand for; empty where that is not known. */
export interface Names {
  item: (id: string) => string;
  unit: (id: string) => string;
  person: (id: string) => string;
  catalogue: (id: string) => string;
  finding: (id: string) => string;
  notice: (id: string) => string;
  /** What an item asks for under this name. */
  asked: (name: string) => string;
  time: (time: string) => string;
}

export interface Member {
  label: string;
  text: string;
}

type Body = Record<string, unknown>;

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;
const ID = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|sha256:.+)$/;
/** Which ops a decision has seen is for machines. */
const SILENT = new Set(['seen']);

const isBody = (value: unknown): value is Body => typeof value === 'object' && value !== null && !Array.isArray(value);
const listed = (words: string[]) => words.filter(Boolean).join(' · ');

function limit(value: unknown): string {
  const { amount, clock } = (isBody(value) ? value : {}) as { amount?: number; clock?: string };
  return amount === undefined ? '' : `${amount} ${term('clock', clock)}`;
}

const points = (hundredths: unknown) => t('points.of', { points: (Number(hundredths) / 100).toFixed(2) });

/** Members of a set: what is in it now, and what was taken out. */
function set(value: unknown, name: (key: string, value: unknown) => string): string {
  return listed(Object.entries(isBody(value) ? value : {}).map(([key, one]) => (one === null ? t('told.without', { what: name(key, one) }) : name(key, one))));
}

function photos(value: unknown): string {
  const all = Object.values(isBody(value) ? value : {});
  const here = all.filter((one) => one !== null).length;
  const gone = all.length - here;
  return listed([here ? t('told.photos', { count: here }) : '', gone ? t('told.photos_gone', { count: gone }) : '']);
}

function place(value: unknown): string {
  const { lat, lon, accuracy, provider, words } = (isBody(value) ? value : {}) as { lat?: number; lon?: number; accuracy?: number; provider?: string; words?: string };
  return [
    words ?? '',
    lat === undefined || lon === undefined ? '' : `${lat.toFixed(6)}, ${lon.toFixed(6)}`,
    accuracy === undefined ? '' : t('told.accuracy', { metres: Math.round(accuracy) }),
    term('provider', provider),
  ].filter(Boolean).join(' · ');
}

function anything(value: unknown, names: Names): string {
  if (value === true) return t('common.yes');
  if (value === false) return t('common.no');
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return TIME.test(value) ? names.time(value) : ID.test(value) ? '' : value;
  if (Array.isArray(value)) return listed(value.map((one) => anything(one, names)));
  return isBody(value) ? listed(Object.values(value).map((one) => anything(one, names))) : '';
}

/** One value in words, by the name of its field. */
export function word(name: string, value: unknown, names: Names): string {
  if (value === null || value === undefined) return t('told.none');
  const text = typeof value === 'string' ? value : '';
  const finding = (id: string) => names.finding(id) || t('field.finding');
  switch (name) {
    case 'photos': case 'previews': return photos(value);
    case 'place': return place(value);
    case 'item': return [names.item(text), text].filter((one, n, all) => one && all.indexOf(one) === n).join(' ');
    case 'unit': case 'lead': return names.unit(text) || t('common.unknown');
    case 'person': case 'by': return ID.test(text) ? names.person(text) || t('common.unknown') : text;
    case 'catalogue': return names.catalogue(text);
    case 'inspection': return t('told.inspection');
    case 'of': return finding(text);
    case 'before': case 'notice': return names.notice(text) || t('field.notice');
    case 'severity': case 'rule': case 'says': return term(name, text);
    case 'source': return text ? term('source', text) : anything(value, names);
    case 'limit': return limit(value);
    case 'tags': return set(value, (tag) => tag);
    case 'values': return set(value, (ask, answer) => [names.asked(ask) || ask, anything(answer, names)].filter(Boolean).join(' '));
    case 'notes': return Object.values(isBody(value) ? value : {}).map((note) => anything(note, names)).filter(Boolean).join('\n');
    case 'findings': case 'appeal_of': return set(value, finding);
    case 'limits': return set(value, (id, one) => `${finding(id)} ${limit(one)}`.trim());
    case 'points': return isBody(value) ? set(value, (id, one) => `${finding(id)} ${one === null ? '' : points(one)}`.trim()) : points(value);
    default: return anything(value, names);
  }
}

/** What an op of this kind says. */
export function told(kind: string, body: Body | undefined, names: Names): Member[] {
  // A decision about a dispute, or about one member of a set, is told by what the field is called.
  const [field = '', member] = String(body?.['field'] ?? '').split('/');
  return Object.entries(body ?? {}).flatMap(([name, value]): Member[] => {
    if (SILENT.has(name)) return [];
    if (name === 'field') return [{ label: t('told.field'), text: term('field', field) }];
    if (name === 'value') return [{ label: t('told.value'), text: word(field, member && value !== null ? { [member]: value } : value, names) }];
    const label = kind === 'finding.overdue' && name === 'level' ? t('told.overdue_level') : term('field', name);
    const text = word(name, value, names);
    return text ? [{ label, text }] : [];
  });
}

/** Cases and versions that ops speak of by their ids. */
export function spokenOf(bodies: (Body | undefined)[]): { findings: string[]; notices: string[]; catalogues: string[] } {
  const [findings, notices, catalogues] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const body of bodies) {
    for (const name of ['findings', 'appeal_of', 'limits', 'points']) {
      const of = body?.[name];
      if (isBody(of)) for (const id of Object.keys(of)) findings.add(id);
    }
    const one = (name: string, into: Set<string>) => typeof body?.[name] === 'string' && into.add(body[name]);
    one('of', findings);
    one('before', notices);
    one('catalogue', catalogues);
  }
  return { findings: [...findings], notices: [...notices], catalogues: [...catalogues] };
}
