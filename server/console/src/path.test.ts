import { expect, it } from 'vitest';
import { fitting } from './path';

it('gives the named parts of an address', () => {
  expect(fitting('/findings/a%20b/', '/findings/:id')).toEqual({ id: 'a b' });
  expect(fitting('/findings', '/findings')).toEqual({});
  expect([fitting('/findings', '/findings/:id'), fitting('/findings/', '/findings/:id'), fitting('/board', '/findings')]).toEqual([undefined, undefined, undefined]);
});

it('knows no page at an address that cannot be read', () => {
  expect(fitting('/findings/%E0%A4%A', '/findings/:id')).toBeUndefined();
});
