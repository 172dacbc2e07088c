// Values of a catalogue in words.

import type { Words } from '../../api/types';
import { said, t, term } from '../../words/index.svelte';

export interface Names {
  item: (id: string) => string;
  action: (id: string) => string;
}

type Fields = Record<string, unknown>;

const points = (hundredths: unknown) => t('points.of', { points: (Number(hundredths) / 100).toFixed(2) });
const dotted = (parts: (string | undefined)[]) => parts.filter(Boolean).join(' · ');
const aside = (text: string, parts: (string | undefined)[]) => {
  const known = parts.filter(Boolean);
  return known.length ? t('catalogue.aside', { text, more: known.join(t('catalogue.comma')) }) : text;
};
const isWords = (value: unknown): value is Words => typeof (value as Words | null)?.zh === 'string';
const list = (value: unknown) => (Array.isArray(value) ? (value as Fields[]) : []);
const from = (tag: unknown) => term('tag', tag as string);

function ask(one: Fields): string {
  const [least, most] = [one['least'], one['most']];
  const range = least === undefined && most === undefined ? '' : `${String(least ?? '')}–${String(most ?? '')}`;
  return aside(said(one['label'] as Words), [said(one['unit'] as Words | undefined) || term('ask', one['kind'] as string), range, term('asked', one['required'] as string)]);
}

function target({ part, whole, least, tag }: Fields, all: Fields): string {
  const label = (name: unknown) => said(list(all['asks']).find((one) => one['name'] === name)?.['label'] as Words | undefined) || String(name);
  const share = least as { part: number; whole: number } | undefined;
  return dotted([`${label(part)} ÷ ${label(whole)} ≥ ${share?.part} ÷ ${share?.whole}`, from(tag)]);
}

/** One value by the name of its member; `all` is everything that is said beside it. */
export function valueOf(name: string, value: unknown, all: Fields, names: Names): string {
  if (value === undefined || value === null) return t('common.none');
  const fields = value as Fields;
  switch (name) {
    case 'limits':
      return dotted(list(value).map((one) => aside(`${String(one['amount'])} ${term('clock', one['clock'] as string)}`, [said(one['case'] as Words | undefined), from(one['tag'])])));
    case 'points':
      return dotted([
        t('catalogue.each', { points: points(fields['each']) }),
        fields['by_count'] ? t('catalogue.by_count') : '',
        fields['cap'] === undefined ? '' : t('catalogue.cap', { points: points(fields['cap']) }),
        fields['later'] === undefined ? '' : t('catalogue.later', { points: points(fields['later']) }),
        from(fields['tag']),
      ]);
    case 'photos': return dotted(Object.entries(fields).map(([shows, count]) => `${term('shows', shows)} ${String(count)}`));
    case 'near': return t('catalogue.near', { metres: String(fields['metres']), days: String(fields['days']) });
    case 'codes':
      return dotted(list(value).map((one) => aside([one['standard'], one['code'], one['name']].filter(Boolean).join(' '), [term('code_kind', one['kind'] as string), one['local'] ? t('catalogue.local') : ''])));
    case 'asks': return dotted(list(value).map(ask));
    case 'target': return target(fields, all);
    case 'items': case 'by_finding': return dotted((value as string[]).map((id) => [names.item(id), id].filter(Boolean).join(' ')));
    case 'action': return [String(value), names.action(String(value))].filter(Boolean).join(' ');
    case 'every': case 'told': case 'tag': return term(name, String(value));
    case 'repeat_days': return t('catalogue.days', { count: Number(value) });
    default:
      if (isWords(value)) return said(value);
      return typeof value === 'number' ? points(value) : String(value);
  }
}

/** How a member was and is. Where two texts are the same in the language of now, the other language tells them apart. */
export function pair(name: string, was: unknown, is: unknown, [before, after]: [Fields, Fields], names: Names): [string, string] {
  if (isWords(was) && isWords(is)) {
    const [one, other] = [said(was), said(is)];
    return one === other ? [`${was.zh} / ${was.en}`, `${is.zh} / ${is.en}`] : [one, other];
  }
  return [valueOf(name, was, before, names), valueOf(name, is, after, names)];
}
