import { expect, it } from 'vitest';
import { columns } from './columns';

const midnight = (day: string) => `${day}T00:00:00+08:00`;
const of = (title: string) => columns('2026-12-29', midnight).find((column) => column.title === title);

it('ends today at the midnight that follows, and the week seven days later', () => {
  expect(of('board.today')?.query).toEqual({ standing: 'running', due_before: '2026-12-30T00:00:00+08:00' });
  expect(of('board.week')?.query).toEqual({
    standing: 'running', due_from: '2026-12-30T00:00:00+08:00', due_before: '2027-01-06T00:00:00+08:00',
  });
});

it('leads to the same as a list', () => {
  expect(of('board.today')?.all).toBe('/findings?standing=running&due_before=2026-12-29');
  expect(of('board.filed')?.all).toBe('/findings?status=filed');
  expect(of('board.rework')?.all).toBe('/findings?status=returned');
  expect(of('board.unsigned')?.all).toBe('/notices?status=issued&order=due');
});
