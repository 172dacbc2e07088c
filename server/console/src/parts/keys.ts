// Keys that stand for work, which nobody means to press with a modifier or to hold down.

type Pressed = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'altKey' | 'metaKey'>;

/** The key that was pressed; a letter is the same with Caps Lock on. None beside Ctrl, Alt or Meta: those are the browser's. */
export function keyOf({ key, ctrlKey, altKey, metaKey }: Pressed): string | undefined {
  if (ctrlKey || altKey || metaKey) return undefined;
  return key.length === 1 ? key.toLowerCase() : key;
}
