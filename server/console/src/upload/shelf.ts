// Where pictures lie in the browser until the step that names them is said: what is known of all of them under one key, the
// bytes of each under its own, so that noting how far one has come does not write its bytes again.

import * as browser from 'idb-keyval';
import type { Kept } from './pictures';

export type Store = Pick<typeof browser, 'get' | 'set' | 'update' | 'delMany'>;

const PREFIX = 'xuncha.photos';

export class Shelf {
  readonly #key: string;
  readonly #store: Store;

  constructor(who: string, draft: string, store: Store = browser) {
    this.#key = `${PREFIX} ${who} ${draft}`;
    this.#store = store;
  }

  #of = (id: string) => `${this.#key} ${id}`;

  /** Everything that is here with its bytes; what has lost its bytes is no picture any more. */
  async all(): Promise<(Kept & { file: Blob })[]> {
    const known = (await this.#store.get<Kept[]>(this.#key)) ?? [];
    const files = await Promise.all(known.map(({ id }) => this.#store.get<Blob>(this.#of(id))));
    return known.flatMap((kept, n) => (files[n] ? [{ ...kept, file: files[n] }] : []));
  }

  /** Bytes first: what is listed is here. */
  async put(kept: Kept, file: Blob): Promise<void> {
    await this.#store.set(this.#of(kept.id), file);
    await this.#change((all) => [...all.filter(({ id }) => id !== kept.id), kept]);
  }

  /** Notes what became known of one that is here. */
  async note(kept: Kept): Promise<void> {
    await this.#change((all) => all.map((one) => (one.id === kept.id ? kept : one)));
  }

  async drop(id: string): Promise<void> {
    await this.#change((all) => all.filter((one) => one.id !== id));
    await this.#store.delMany([this.#of(id)]);
  }

  /** The step was said. */
  async clear(): Promise<void> {
    const known = (await this.#store.get<Kept[]>(this.#key)) ?? [];
    await this.#store.delMany([this.#key, ...known.map(({ id }) => this.#of(id))]);
  }

  #change(change: (all: Kept[]) => Kept[]): Promise<void> {
    return this.#store.update<Kept[]>(this.#key, (all) => change(all ?? []));
  }
}

/** The forms of somebody for which pictures were chosen and not said. */
export async function begunPictures(who: string): Promise<string[]> {
  const prefix = `${PREFIX} ${who} `;
  try {
    // Of each form: how many there are. A picture's own key has its id behind.
    const lists = (await browser.entries<string, unknown>()).filter(([key, value]) => String(key).startsWith(prefix) && Array.isArray(value) && value.length > 0);
    return lists.map(([key]) => key.slice(prefix.length));
  } catch {
    return [];
  }
}
