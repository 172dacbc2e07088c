import { expect, it } from 'vitest';
import type { Said } from '../../api/types';
import { hearing } from './hearing';

const said = (kind: string, by: string, body: Record<string, unknown>) => ({ index: 1, op: 'o', kind, by, at: '2026-11-26T08:00:00Z', received: '2026-11-26T08:00:00Z', body, judged: 'accepted' }) as Said;

it('tells what is appealed against, and who said what about it', () => {
  const found = hearing([
    said('notice.issue', 'a', {}),
    said('notice.appeal', 'u', { appeal: '不属于本单位', appeal_of: { f1: true } }),
    said('notice.hear', 'b', { says: 'grant', because: '属实' }),
  ]);
  expect(found.of).toEqual(['f1']);
  expect(found.votes).toEqual([{ by: 'b', says: 'grant', because: '属实', at: '2026-11-26T08:00:00Z' }]);
});

it('is about everything where nothing is named', () => {
  expect(hearing([said('notice.appeal', 'u', { appeal: '时限过短' })])).toEqual({ of: [], votes: [] });
});
