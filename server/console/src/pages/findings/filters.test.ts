import { expect, it } from 'vitest';
import { asked, dayAfter, download } from './filters';

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

it('knows the day after the last of a year', () => {
  expect(dayAfter('2026-12-31')).toBe('2027-01-01');
});

it('downloads the same list', () => {
  expect(download({ status: 'filed', order: 'due' }, 'csv')).toBe('/v1/findings.csv?status=filed');
  expect(download({}, 'geojson')).toBe('/v1/findings.geojson');
});
