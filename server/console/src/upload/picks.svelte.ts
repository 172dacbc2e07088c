// The pictures of one form: chosen, hashed and sent a few at a time, and kept in the browser until the step is said.

import { newId } from '../api/client.svelte';
import { hashOf } from './hash';
import { holdsUp, keptOf, named, unfit, type Kept, type Picture } from './pictures';
import { cancel, send } from './send';
import { Shelf } from './shelf';

/** So many are hashed and sent at a time: over a thin line one that is whole is worth more than five halves. */
const LANES = 2;
/** Milliseconds after which a browser that does not say what it kept is done without. */
const PATIENCE = 3_000;

/** What a picture goes through on its way; a test has ways of its own. */
export interface Ways {
  hash: typeof hashOf;
  send: typeof send;
  cancel: typeof cancel;
  shelf: Shelf;
}

export type Turned = { name: string; why: 'type' | 'size' | 'empty' | 'twice' };

export class Picks {
  pictures = $state<Picture[]>([]);
  /** What was chosen and not taken. */
  turned = $state<Turned[]>([]);
  /** False where the browser keeps nothing: then what is chosen is gone when the page is. */
  keeps = $state(true);
  /** True when it is known what was chosen before. */
  opened = $state(false);
  readonly #ways: Ways;
  readonly #under = new Map<string, AbortController>();
  #closed = false;

  constructor(who: string, draft: string, ways: Partial<Ways> = {}) {
    this.#ways = { hash: hashOf, send, cancel, shelf: new Shelf(who, draft), ...ways };
  }

  /** True while the step is not to be said yet. */
  get holdsUp(): boolean {
    return !this.opened || holdsUp(this.pictures);
  }

  named(shows: string | undefined): Record<string, unknown> | undefined {
    return named(this.pictures, shows);
  }

  /** What was chosen before the page was loaded again is here again, and goes on where the server stands. */
  async open(): Promise<void> {
    const late = new Promise<never>((_, reject) => setTimeout(reject, PATIENCE));
    try {
      for (const kept of await Promise.race([this.#ways.shelf.all(), late])) this.#add(kept, kept.file);
    } catch {
      this.keeps = false;
    }
    this.opened = true;
    this.#next();
  }

  take(files: Iterable<File>): void {
    this.turned = [];
    for (const file of files) {
      const why = unfit(file);
      if (why) {
        this.turned.push({ name: file.name, why });
        continue;
      }
      const kept: Kept = { id: newId(), name: file.name, size: file.size, type: file.type, made: file.lastModified };
      this.#add(kept, file);
      this.#keep(this.#ways.shelf.put(kept, file));
    }
    this.#next();
  }

  pause(id: string): void {
    this.#under.get(id)?.abort();
    this.#change(id, { state: 'paused', paused: true });
    this.#next();
  }

  /** Goes on with one that was paused or refused. */
  go(id: string): void {
    this.#change(id, { state: 'queued', paused: undefined, problem: undefined });
    this.#next();
  }

  remove(id: string): void {
    const gone = this.#one(id);
    this.#under.get(id)?.abort();
    this.pictures = this.pictures.filter((picture) => picture.id !== id);
    this.#keep(this.#ways.shelf.drop(id));
    // The same bytes may be wanted in another form: only what is not whole is given up.
    if (gone?.place && gone.state !== 'here') this.#ways.cancel(gone.place);
    this.#next();
  }

  /** The form is shut; what is here stays where it is kept. */
  close(): void {
    this.#closed = true;
    for (const under of this.#under.values()) under.abort();
  }

  #one(id: string): Picture | undefined {
    return this.pictures.find((picture) => picture.id === id);
  }

  #add(kept: Kept, file: Blob): void {
    if (!this.#one(kept.id)) this.pictures.push({ ...kept, file, sent: 0, state: kept.paused ? 'paused' : 'queued' });
  }

  #change(id: string, to: Partial<Picture>): void {
    const picture = this.#one(id);
    if (!picture) return;
    Object.assign(picture, to);
    if ('hash' in to || 'place' in to || 'paused' in to) this.#keep(this.#ways.shelf.note(keptOf(picture)));
  }

  #keep(kept: Promise<void>): void {
    kept.catch(() => (this.keeps = false));
  }

  #next(): void {
    if (this.#closed) return;
    for (const picture of this.pictures) {
      if (this.#under.size >= LANES) return;
      if (picture.state === 'queued' && !this.#under.has(picture.id)) void this.#work(picture.id);
    }
  }

  async #work(id: string): Promise<void> {
    const under = new AbortController();
    this.#under.set(id, under);
    try {
      await this.#bring(id, under.signal);
    } catch (problem) {
      if (!under.signal.aborted) this.#change(id, { state: 'refused', problem });
    }
    this.#under.delete(id);
    this.#next();
  }

  async #bring(id: string, signal: AbortSignal): Promise<void> {
    const picture = this.#one(id);
    if (!picture) return;
    this.#change(id, { state: 'hashing' });
    const hash = picture.hash ?? (await this.#ways.hash(picture.file, signal));
    signal.throwIfAborted();
    if (this.pictures.some((other) => other.id !== id && other.hash === hash)) return this.#twice(picture);
    this.#change(id, { hash, state: 'sending' });
    const heard = (to: Partial<Picture>) => void (signal.aborted || this.#change(id, to));
    const job = { file: picture.file, hash, place: picture.place };
    await this.#ways.send(job, {
      begun: (place) => heard({ place }),
      sent: (sent) => heard({ sent, state: 'sending' }),
      waiting: () => heard({ state: 'waiting' }),
    }, signal);
    heard({ state: 'here', sent: picture.size });
  }

  #twice(picture: Picture): void {
    this.turned.push({ name: picture.name, why: 'twice' });
    this.pictures = this.pictures.filter(({ id }) => id !== picture.id);
    this.#keep(this.#ways.shelf.drop(picture.id));
  }
}
