import { beforeAll, describe, expect, it } from 'vitest';
import { readdirSync, readFileSync } from 'node:fs';
import { language, texts } from '../../words/index.svelte';
import { differences, type Document } from './differences';
import { valueOf } from './catalogue';

const words = (zh: string) => ({ zh, en: `${zh} in English` });
const old: Document = {
  name: words('目录'),
  deductions: { overdue: 300, repeat: 200 },
  standards: [{ id: 'GB/T 1', name: words('标准') }],
  place_types: [{ id: 'street', name: words('路段'), items: ['SR-1', 'SR-2', 'SR-3'] }],
  actions: [
    { id: 'A1', name: words('甲'), organiser: words('整治办'), items: [{ id: 'SR-1', points: { each: 10, tag: 'seed' } }, { id: 'SR-2' }] },
    { id: 'A2', name: words('乙'), organiser: words('城管'), items: [{ id: 'SR-3' }] },
  ],
};
const brief = (fresh: Document) => differences(old, fresh).map(({ part, id, what, fields }) => [part, id, what, ...fields.map(({ name }) => name)].join(' ').replace('  ', ' '));

it('tells what was added, removed and changed, field by field', () => {
  const fresh = structuredClone(old);
  fresh.actions[0]!.items = [{ id: 'SR-1', points: { tag: 'seed', each: 20 } }, { id: 'SR-4' }];
  expect(brief(fresh)).toEqual(['item SR-1 changed points', 'item SR-2 removed', 'item SR-4 added']);
  expect(differences(old, fresh)[0]?.fields).toEqual([{ name: 'points', was: { each: 10, tag: 'seed' }, is: { tag: 'seed', each: 20 } }]);
  expect(brief(structuredClone(old))).toEqual([]);
});

it('tells what is changed beside the items', () => {
  const fresh = structuredClone(old);
  fresh.actions[1]!.items.push(fresh.actions[0]!.items.pop()!);
  fresh.actions[0]!.organiser = words('创建办');
  fresh.deductions = { overdue: 300, repeat: 100 };
  fresh.standards!.push({ id: 'GB/T 2', name: words('新标准') });
  fresh.place_types![0]!['items'] = ['SR-1', 'SR-3', 'SR-9'];
  fresh.name = words('新目录');
  expect(brief(fresh)).toEqual([
    'catalogue changed name', 'deductions changed repeat', 'standard GB/T 2 added', 'place_type street changed items',
    'action A1 changed organiser', 'item SR-2 changed action',
  ]);
  expect(differences(old, fresh)[3]?.fields).toEqual([{ name: 'items', was: ['SR-2'], is: ['SR-9'] }]);
  expect(differences(old, fresh)[5]?.fields).toEqual([{ name: 'action', was: 'A1', is: 'A2' }]);
});

describe('in words', () => {
  beforeAll(() => {
    language.current = 'zh';
  });
  const names = { item: () => '店外经营', action: () => '市容行动' };
  const of = (name: string, value: unknown, all = {}) => valueOf(name, value, all, names);

  it('a value is no JSON', () => {
    expect(of('limits', [{ amount: 3, clock: 'working_day', case: words('破损'), tag: 'standard' }])).toBe('3 工作日（破损，依据标准）');
    expect(of('points', { each: 20, by_count: true, cap: 100, later: 10, tag: 'seed' })).toBe('每处 0.20 分 · 按数量计 · 最多 1.00 分 · 逾月每月 0.10 分 · 依据本市方案');
    expect(of('photos', { wide: 1, close: 1, after: 1 })).toBe('远景 1 · 近景 1 · 整改后 1');
    expect(of('near', { metres: 30, days: 7 })).toBe('30 米内、7 天内');
    expect(of('codes', [{ standard: 'GB/T 1', kind: 'event', code: '03-07', name: '堆物' }])).toBe('GB/T 1 03-07 堆物（事件）');
    expect(of('asks', [{ name: 'n', label: words('长度'), kind: 'length', unit: words('米'), least: 0, most: 50, required: 'no' }])).toBe('长度（米，0–50，不合格时必填）');
    expect(of('target', { part: 'ads', whole: 'all', least: { part: 20, whole: 100 }, tag: 'seed' }, { asks: [{ name: 'ads', label: words('公益') }, { name: 'all', label: words('全部') }] }))
      .toBe('公益 ÷ 全部 ≥ 20 ÷ 100 · 依据本市方案');
    expect(of('items', ['SR-4'])).toBe('店外经营 SR-4');
    expect(of('items', [])).toBe('');
    expect(of('action', 'A2')).toBe('A2 市容行动');
    expect(of('overdue', 300)).toBe('3.00 分');
    expect(of('repeat_days', 30)).toBe('30 天');
    expect(of('hint', undefined)).toBe('无');
  });

  it('every member of the catalogue has a name', () => {
    const folder = new URL('../../../../../core/catalogue/', import.meta.url);
    const files = readdirSync(folder).filter((file) => /^a\d+\.json$/.test(file)).map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Document['actions'][0]);
    const whole = JSON.parse(readFileSync(new URL('catalogue.json', folder), 'utf8')) as Document;
    const members = new Set([
      ...files.flatMap((action) => [...Object.keys(action), ...action.items.flatMap(Object.keys)]),
      ...Object.keys(whole.deductions ?? {}), ...(whole.place_types ?? []).flatMap(Object.keys), ...(whole.standards ?? []).flatMap(Object.keys),
    ]);
    members.delete('id');
    expect([...members].filter((name) => !(`member.${name}` in texts.zh))).toEqual([]);
  });
});
