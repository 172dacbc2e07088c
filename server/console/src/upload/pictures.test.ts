import { expect, it } from 'vitest';
import { named, underWay, unfit, type Picture } from './pictures';

const picture = (id: string, state: Picture['state']): Picture =>
  ({ id, state, name: 'a.jpg', size: 1, type: 'image/jpeg', made: 0, file: new Blob(), sent: 0, hash: `sha256:${id}` });

it('takes pictures, and says why not', () => {
  expect(unfit({ size: 10, type: 'image/jpeg' })).toBeUndefined();
  expect([unfit({ size: 10, type: 'image/heic' }), unfit({ size: 0, type: 'image/png' }), unfit({ size: 1e9, type: 'image/png' })]).toEqual(['type', 'empty', 'size']);
});

it('names only what is at the server', () => {
  const pictures = [picture('a', 'here'), picture('b', 'sending'), picture('c', 'refused')];
  expect(Object.keys(named(pictures, 'after') ?? {})).toEqual(['a']);
  expect(named(pictures, 'after')?.['a']).toMatchObject({ original: 'sha256:a', shows: 'after', source: 'gallery' });
  expect(named([picture('b', 'waiting')], undefined)).toBeUndefined();
});

it('knows when a form has to wait', () => {
  expect(underWay([picture('a', 'here'), picture('b', 'refused')])).toBe(false);
  expect(underWay([picture('a', 'waiting')])).toBe(true);
});
