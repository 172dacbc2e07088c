import { beforeAll, describe, expect, it } from 'vitest';
import { language } from '../words/index.svelte';
import { spokenOf, told, type Names } from './told';

const ID = '01a21bfc-9af5-70e5-9016-ff1707d11cd5';
const HASH = 'sha256:JduHJEhFZahYzHLQCvArMOch9pTov8LyjBhXajDz45k';
const names: Names = {
  item: (id) => (id === 'HW-9' ? '垃圾未日产日清' : ''),
  unit: (id) => (id === 'u' ? '河道管理处' : ''),
  person: (id) => (id === ID ? '孙立' : ''),
  catalogue: () => '2026.1',
  finding: (id) => (id === 'f1' ? '乱堆乱放' : ''),
  notice: () => '督〔2026〕第0001号',
  asked: (name) => (name === 'length' ? '长度（米）' : ''),
  time: (time) => `<${time}>`,
};
const texts = (kind: string, body: Record<string, unknown>) => Object.fromEntries(told(kind, body, names).map(({ label, text }) => [label, text]));

beforeAll(() => {
  language.current = 'zh';
});

describe('what an op says', () => {
  it('is told without ids', () => {
    const place = { lat: 30.212194296, lon: 120.60816507, accuracy: 8.3, provider: 'gps', id: ID };
    const photo = { original: HASH, place, shows: 'wide', taken: '2026-11-27T07:51:09.897Z' };
    const said = texts('finding.record', {
      catalogue: ID, inspection: ID, item: 'HW-9', note: '垃圾', severity: 'medium', place, photos: { [ID]: photo, b: photo }, values: { length: 12 },
    });
    expect(said).toEqual({
      检查目录: '2026.1', 所属检查: '检查中记录', 检查项: '垃圾未日产日清 HW-9', 说明: '垃圾', 严重程度: '中',
      位置: '30.212194, 120.608165 · 误差 8 米 · 卫星定位', 照片: '2 张照片', 量测值: '长度（米） 12',
    });
    expect(texts('photo.preview', { previews: { [ID]: { display: HASH, width: 960 } } })).toEqual({ 照片预览: '1 张照片' });
  });

  it('names people, units, times and limits', () => {
    expect(texts('finding.dispatch', { unit: 'u', person: ID, limit: { amount: 5, clock: 'working_day' } })).toEqual({ 责任单位: '河道管理处', 经办人: '孙立', 时限: '5 工作日' });
    expect(texts('finding.extend', { deadline: '2026-12-01T09:30:00Z' })).toEqual({ 截止时间: '<2026-12-01T09:30:00Z>' });
    expect(texts('notice.draft', { person: '赵工', points: { f1: 70 }, findings: { f1: true, f2: null } })).toEqual({
      经办人: '赵工', 扣分: '乱堆乱放 0.70 分', 问题: '乱堆乱放 · 移去 问题',
    });
  });

  it('tells what was decided about a dispute', () => {
    expect(texts('finding.resolve', { field: 'severity', seen: [ID], value: 'urgent' })).toEqual({ 有冲突的内容: '严重程度', 裁定为: '紧急' });
    expect(texts('finding.resolve', { field: `photos/${ID}`, seen: [ID], value: null })).toEqual({ 有冲突的内容: '照片', 裁定为: '无' });
  });
});

it('asks for the names of what ops speak of, each once', () => {
  expect(spokenOf([undefined, { findings: { a: true }, before: 'n' }, { of: 'b', points: { a: 1 }, catalogue: 'c' }])).toEqual({
    findings: ['a', 'b'], notices: ['n'], catalogues: ['c'],
  });
});
