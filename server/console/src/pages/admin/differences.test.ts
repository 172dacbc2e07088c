import { expect, it } from 'vitest';
import { differences } from './differences';

const catalogue = (...items: ({ id: string } & Record<string, unknown>)[]) => ({ actions: [{ id: 'A1', items }] });

it('tells what was added, removed and changed, field by field', () => {
  const old = catalogue({ id: 'SR-1', points: 10, name: { zh: '堆物' } }, { id: 'SR-2' });
  const fresh = catalogue({ id: 'SR-1', points: 20, name: { zh: '堆物' } }, { id: 'SR-3' });
  expect(differences(old, fresh)).toEqual([
    { id: 'SR-1', what: 'changed', fields: [{ name: 'points', was: 10, is: 20 }] },
    { id: 'SR-2', what: 'removed', fields: [] },
    { id: 'SR-3', what: 'added', fields: [] },
  ]);
  expect(differences(old, old)).toEqual([]);
});
