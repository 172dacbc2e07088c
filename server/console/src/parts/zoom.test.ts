import { expect, it } from 'vitest';
import { WHOLE, held, zoomed } from './zoom';

it('keeps the point under the pointer where it is', () => {
  const pose = zoomed(WHOLE, 2, 100, -50, 800, 600);
  // The point of the picture that was under the pointer: (100, -50) at scale 1.
  expect({ x: pose.x + 100 * pose.scale, y: pose.y - 50 * pose.scale }).toEqual({ x: 100, y: -50 });
});

it('never shows less than the whole, nor more than eight times', () => {
  expect(zoomed(WHOLE, 0.5, 10, 10, 800, 600)).toEqual(WHOLE);
  expect(zoomed(WHOLE, 100, 0, 0, 800, 600).scale).toBe(8);
});

it('cannot be pulled out of its frame', () => {
  expect(held({ scale: 2, x: 5000, y: -5000 }, 800, 600)).toEqual({ scale: 2, x: 400, y: -300 });
});
