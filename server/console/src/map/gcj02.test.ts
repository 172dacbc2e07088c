import { expect, it } from 'vitest';
import { bent } from './gcj02';

it('bends as other programs do', () => {
  const [lon, lat] = bent(116.404, 39.915);
  expect(lon).toBeCloseTo(116.41024449916938, 9);
  expect(lat).toBeCloseTo(39.91640428150164, 9);
});

it('leaves what lies abroad where it is', () => {
  expect(bent(-71.06, 42.36)).toEqual([-71.06, 42.36]);
});

it('moves a point in a Chinese city by some hundred metres', () => {
  const [lon, lat] = bent(121.4737, 31.2304);
  const metres = Math.hypot((lon - 121.4737) * 95_000, (lat - 31.2304) * 111_000);
  expect(metres).toBeGreaterThan(300);
  expect(metres).toBeLessThan(700);
});
