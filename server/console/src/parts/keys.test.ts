import { expect, it } from 'vitest';
import { keyOf } from './keys';

const none = { ctrlKey: false, altKey: false, metaKey: false };

it('knows a letter with Caps Lock on, and leaves what the browser does to the browser', () => {
  expect(['f', 'F', '?', 'ArrowDown'].map((key) => keyOf({ ...none, key }))).toEqual(['f', 'f', '?', 'ArrowDown']);
  expect((['ctrlKey', 'altKey', 'metaKey'] as const).map((held) => keyOf({ ...none, key: 'f', [held]: true }))).toEqual([undefined, undefined, undefined]);
});
