import { expect, it } from 'vitest';
import { FILTERS, address, asked, dayAfter, download, set } from './filters';

const midnight = (day: string) => `${day}T00:00:00+08:00`;

it('asks for what stands in the address and nothing else', () => {
  const query = new URLSearchParams('q= 占道 &status=reported,filed&view=map&unit=&from=2026-11-01&before=2026-11-30');
  expect(asked(query, midnight)).toEqual({
    q: '占道',
    status: 'reported,filed',
    from: '2026-11-01T00:00:00+08:00',
    before: '2026-12-01T00:00:00+08:00',
  });
  expect(asked(new URLSearchParams('from=yesterday'), midnight)).toEqual({});
});

it('means a last day with all its hours', () => {
  const today = new URLSearchParams('standing=running&due_before=2026-11-27');
  expect(asked(today, midnight)).toEqual({ standing: 'running', due_before: '2026-11-28T00:00:00+08:00' });
});

it('comes back from an address as it went into it', () => {
  const filters = Object.fromEntries(FILTERS.map((name) => [name, /from|before/.test(name) ? '2026-11-05' : `${name} 占道&=%?#/+，`]));
  const { pathname, searchParams } = new URL(address('/findings', filters), 'https://city.example');
  expect(pathname).toBe('/findings');
  expect(Object.fromEntries(searchParams)).toEqual(filters);
  expect(asked(searchParams, (day) => day)).toEqual({ ...filters, before: '2026-11-06', due_before: '2026-11-06' });
  expect(address('/findings', {})).toBe('/findings');
});

it('counts what narrows the list', () => {
  expect(set(new URLSearchParams('q=x&order=due&view=map&status=filed&unit=u&area='))).toBe(2);
});

it('knows the days after the last of a year', () => {
  expect(dayAfter('2026-12-31')).toBe('2027-01-01');
  expect(dayAfter('2026-12-28', 7)).toBe('2027-01-04');
});

it('downloads the same list', () => {
  expect(download({ status: 'filed', order: 'due' }, 'csv')).toBe('/v1/findings.csv?status=filed');
  expect(download({}, 'geojson')).toBe('/v1/findings.geojson');
});
