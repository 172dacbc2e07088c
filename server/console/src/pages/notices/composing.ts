// A notice while it is being written: what stands in the form, and what of it is said.

import type { Finding, Notice, TimeLimit } from '../../api/types';
import { hundredths, shown } from './points';

export const SOURCES = ['on_site', 'special_inspection', 'complaint', 'media', 'superior'];
export const TEXTS = ['demand', 'basis', 'leader', 'person', 'phone'] as const;

export interface Form {
  unit: string;
  source: string;
  level: number;
  /** The notice that this one repeats. */
  before: string;
  findings: string[];
  limits: Record<string, TimeLimit>;
  /** As they are typed. */
  points: Record<string, string>;
  texts: Record<string, string>;
  /** The version of the draft that it began from; none of a new one. */
  base?: number;
}

/** A new notice, about what an address asks for. */
export function blank(query: URLSearchParams): Form {
  const before = query.get('before') ?? '';
  const level = Number(query.get('level') ?? 2);
  return {
    unit: query.get('unit') ?? '',
    source: 'on_site',
    level: before && (level === 2 || level === 3) ? level : 1,
    before,
    findings: [...new Set((query.get('findings') ?? '').split(',').filter(Boolean))],
    limits: {},
    points: {},
    texts: {},
  };
}

/** A draft as it is. */
export function formOf(notice: Notice): Form {
  return {
    unit: notice.unit ?? '',
    source: notice.source,
    level: notice.level,
    before: notice.before ?? '',
    findings: [...notice.findings],
    limits: { ...notice.limits },
    points: Object.fromEntries(Object.entries(notice.points ?? {}).map(([id, of]) => [id, shown(of)])),
    texts: Object.fromEntries(TEXTS.flatMap((name) => (notice[name] ? [[name, notice[name] as string]] : []))),
    base: notice.index,
  };
}

/** True where something is typed that is no number of points. */
export function wrong(typed: string | undefined): boolean {
  return Boolean(typed?.trim()) && hundredths(typed as string) === undefined;
}

/** The hundredths of all that is on it; none where one of them is no number. */
export function total({ findings, points }: Form): number | undefined {
  let sum = 0;
  for (const id of findings) {
    if (wrong(points[id])) return undefined;
    sum += hundredths(points[id] ?? '') ?? 0;
  }
  return sum;
}

/** What is set for the findings that are on it. */
function about({ findings, limits, points }: Form) {
  const each = <T>(of: (id: string) => T | undefined) => Object.fromEntries(findings.flatMap((id) => (of(id) === undefined ? [] : [[id, of(id) as T]])));
  return { limits: each((id) => limits[id]), points: each((id) => hundredths(points[id] ?? '')) };
}

const texts = ({ texts }: Form) => Object.fromEntries(Object.entries(texts).flatMap(([name, text]) => (text.trim() ? [[name, text.trim()]] : [])));
const some = (name: string, of: Record<string, unknown>) => (Object.keys(of).length ? { [name]: of } : {});

/** The body of a new draft. */
export function drafting(form: Form): Record<string, unknown> {
  const { limits, points } = about(form);
  return {
    unit: form.unit,
    source: form.source,
    findings: Object.fromEntries(form.findings.map((id) => [id, true])),
    ...(form.level > 1 ? { level: form.level, before: form.before } : {}),
    ...some('limits', limits),
    ...some('points', points),
    ...texts(form),
  };
}

/** Members that differ; what is there no more is taken away. */
function differences(was: Record<string, unknown>, is: Record<string, unknown>): Record<string, unknown> {
  const same = (name: string) => JSON.stringify(was[name]) === JSON.stringify(is[name]);
  const names = new Set([...Object.keys(was), ...Object.keys(is)]);
  return Object.fromEntries([...names].flatMap((name) => (same(name) ? [] : [[name, is[name] ?? null]])));
}

/** The body of an amendment: only what is written differently, so that it meets nobody else's words without need. */
export function amending(was: Form, is: Form): Record<string, unknown> {
  const on = ({ findings }: Form) => Object.fromEntries(findings.map((id) => [id, true]));
  return {
    ...differences({ unit: was.unit, source: was.source, ...texts(was) }, { unit: is.unit, source: is.source, ...texts(is) }),
    ...some('findings', differences(on(was), on(is))),
    ...some('limits', differences(about(was).limits, about(is).limits)),
    ...some('points', differences(about(was).points, about(is).points)),
  };
}

/** Where a notice after this one is written: about what it has left to be rectified; none where nothing is left. */
export function repeatable(notice: Notice, findings: Finding[]): string | undefined {
  if (!['issued', 'signed_for', 'replied', 'returned'].includes(notice.status) || notice.level >= 3) return undefined;
  const left = findings.filter(({ status, notice: on }) => on === notice.id && (status === 'noticed' || status === 'returned'));
  if (!left.length) return undefined;
  const query = new URLSearchParams({ before: notice.id, level: String(notice.level + 1), unit: notice.unit ?? '', findings: left.map(({ id }) => id).join(',') });
  return `/notices/new?${query.toString()}`;
}
