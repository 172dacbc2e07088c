import { describe, expect, it } from 'vitest';
import { FORMS, bodyOf, filledFrom, rebased, shapeIn, unshaped } from './forms';

const user = FORMS['user'] ?? [];

describe('an entry of a register', () => {
  it('is said whole when it is new', () => {
    const filled = { name: ' 王芳 ', roles: ['inspector'], unit: '', areas: [], actions: [] };
    expect(bodyOf(user, filled, undefined)).toEqual({ name: '王芳', roles: { inspector: true } });
  });

  it('is said by what differs when it is known', () => {
    const before = filledFrom(user, { name: '王芳', roles: ['inspector'], unit: 'u1', areas: ['a', 'b'], actions: [] });
    const now = { ...before, roles: ['acceptor'], unit: '', areas: ['b', 'c'] };
    expect(bodyOf(user, now, before)).toEqual({
      roles: { acceptor: true, inspector: null },
      unit: null,
      areas: { c: true, a: null },
    });
    expect(bodyOf(user, before, before)).toEqual({});
  });
});

describe('an entry that two people change at once', () => {
  const before = filledFrom(user, { name: '王芳', roles: ['inspector'], unit: 'u1', areas: ['a'], actions: [] });

  it('keeps what was typed and takes over what was left alone', () => {
    const typed = { ...before, name: '王小芳', roles: ['inspector', 'acceptor'] };
    const now = { ...before, name: '王芳芳', unit: 'u2', areas: ['a', 'b'] };
    const { filled, clashes } = rebased(user, before, typed, now);
    expect(filled).toEqual({ name: '王小芳', roles: ['inspector', 'acceptor'], unit: 'u2', areas: ['a', 'b'], actions: [] });
    expect(clashes).toEqual([{ name: 'name', stands: '王芳芳' }, { name: 'roles', stands: ['inspector'] }]);
    expect(bodyOf(user, filled, now)).toEqual({ name: '王小芳', roles: { acceptor: true } });
  });

  it('sees no clash where both say the same', () => {
    const now = { ...before, name: '王小芳', roles: [] };
    expect(rebased(user, before, { ...before, name: '王小芳', roles: [] }, now)).toEqual({ filled: now, clashes: [] });
  });
});

describe('the shape of an area', () => {
  const ring = [[121.4, 31.2], [121.5, 31.2], [121.5, 31.3], [121.4, 31.2]];

  it('is a polygon in degrees', () => {
    expect(unshaped(JSON.stringify({ type: 'Polygon', coordinates: [ring] }))).toBeUndefined();
    expect(unshaped('{')).toBe('json');
    expect(unshaped(JSON.stringify({ type: 'Point', coordinates: [1, 2] }))).toBe('form');
    expect(unshaped(JSON.stringify({ type: 'Polygon', coordinates: [[[13521000, 3662000]]] }))).toBe('degrees');
  });

  it('is taken out of the feature that a map program writes around it', () => {
    const geometry = { type: 'Polygon', coordinates: [ring] };
    expect(JSON.parse(shapeIn(JSON.stringify({ type: 'FeatureCollection', features: [{ type: 'Feature', geometry }] })))).toEqual(geometry);
    expect(shapeIn('nonsense')).toBe('nonsense');
  });
});
