// What was typed and not yet said survives a reload and a crash of the browser, for the person who typed it.

import { session } from './session.svelte';

const PREFIX = 'xuncha.draft';

/** The draft of one form; `starting` is what the form begins with where there is none. */
export function drafted<T extends object>(form: string, starting: T) {
  const key = `${PREFIX} ${session.who?.user ?? ''} ${form}`;
  return {
    read(): T {
      try {
        const kept = localStorage.getItem(key);
        return kept ? { ...starting, ...(JSON.parse(kept) as T) } : starting;
      } catch {
        return starting;
      }
    },
    /** A form that was only looked at leaves nothing behind. */
    keep(filled: T): void {
      try {
        if (JSON.stringify(filled) !== JSON.stringify(starting)) localStorage.setItem(key, JSON.stringify(filled));
        else localStorage.removeItem(key);
      } catch {
        // A full or forbidden storage: the form itself still holds it.
      }
    },
    drop(): void {
      localStorage.removeItem(key);
    },
  };
}

/** The forms in which something was typed and not said, by their names. */
export function begunForms(): string[] {
  const prefix = `${PREFIX} ${session.who?.user ?? ''} `;
  try {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix));
    return keys.filter((key) => holdsWords(localStorage.getItem(key))).map((key) => key.slice(prefix.length));
  } catch {
    return [];
  }
}

function holdsWords(kept: string | null): boolean {
  const filled = JSON.parse(kept ?? '{}') as Record<string, unknown>;
  return Object.values(filled).some((value) => typeof value === 'string' && value.trim() !== '');
}
