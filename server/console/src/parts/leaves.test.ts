import { expect, it } from 'vitest';
import { NOTHING, backwards, before, holds, joins, leavesOf, linesOf, onwards, withFresh, withLine, withNext, withPrevious, type Held, type Leaf } from './leaves';

interface Row {
  id: string;
  state?: string;
}

/** Page `n` of a list of threes: rows 3n … 3n+2, asked for by the last row of the page before. */
function leaf(n: number): Leaf<Row> {
  const ids = [0, 1, 2].map((i) => String(3 * n + i));
  return { after: n ? String(3 * n - 1) : undefined, lines: ids.map((id) => ({ id })), next: ids[2] };
}

const upTo = (pages: number, most: number) => Array.from({ length: pages }, (_, n) => leaf(n)).reduce<Held<Row>>((held, one) => withNext(held, one, most), NOTHING);

it('holds a few pages however far somebody scrolls', () => {
  const held = upTo(1_000, 4);
  expect(held.leaves).toHaveLength(4);
  expect(linesOf(held)[0]?.id).toBe('2988');
  expect(before(held)).toBe(2_988);
  expect(onwards(held)).toBe('2999');
});

it('comes back to what was let go, page by page, up to the first', () => {
  let held = upTo(6, 3);
  for (let n = 2; n >= 0; n--) {
    expect(backwards(held)).toMatchObject({ after: n ? String(3 * n - 1) : undefined });
    held = withPrevious(held, leaf(n), 3);
    expect(held.leaves).toHaveLength(3);
    expect(linesOf(held)[0]?.id).toBe(String(3 * n));
  }
  expect(before(held)).toBe(0);
  expect(backwards(held)).toBeUndefined();
  // What was let go at the other end is asked for again.
  expect(onwards(held)).toBe('8');
});

it('shows nothing twice', () => {
  const moved: Leaf<Row> = { after: '2', lines: [{ id: '1' }, { id: '3' }], next: undefined };
  expect(linesOf(withNext(upTo(1, 3), moved)).map(({ id }) => id)).toEqual(['0', '1', '2', '3']);
});

it('sees that a page which was asked for again does not reach what is held', () => {
  const held = upTo(4, 2);
  expect(joins(held, leaf(1))).toBe(true);
  // Two came in between, so the page of three ends sooner.
  expect(joins(held, { after: '2', lines: [{ id: 'a' }, { id: 'b' }, { id: '3' }], next: '3' })).toBe(false);
  expect(joins(held, { after: '3', lines: [{ id: '4' }, { id: '5' }, { id: '6' }], next: '6' })).toBe(true);
});

it('makes one line new where it stands, and takes away what is gone', () => {
  const held = upTo(2, 3);
  expect(linesOf(withLine(held, '4', { id: '4', state: 'filed' }))[4]).toEqual({ id: '4', state: 'filed' });
  expect(holds(withLine(held, '4', undefined), '4')).toBe(false);
});

it('lets a line go that fits no more, but not one that was only pushed further back', () => {
  const held = upTo(2, 3);
  const ids = (of: Held<Row>) => linesOf(of).map(({ id }) => id).join('');
  expect(leavesOf(held, new Set(['4'])).map(({ after }) => after)).toEqual(['2']);
  // 1 was filed; 2 is still listed behind it.
  const gone = withFresh(held, new Set(['1']), [{ id: '0' }, { id: '2' }, { id: '3' }], false);
  expect([ids(gone.held), gone.unsure.size]).toEqual(['02345', 0]);
  // Three came in before it, so the page ends sooner.
  const pushed = withFresh(held, new Set(['1']), [{ id: 'a' }, { id: 'b' }, { id: 'c' }], false);
  expect([ids(pushed.held), [...pushed.unsure]]).toEqual(['012345', ['1']]);
  // There is no more than that.
  expect(ids(withFresh(held, new Set(['4', '5']), [{ id: '5', state: 'filed' }, { id: '3' }], true).held)).toBe('01235');
});
