// One list as a page shows it: asked for by its filters, page after page, and kept as it is while things change; what is new is
// counted and shown when somebody asks for it.

import { list, one, type Filters } from '../api/client.svelte';
import { onChange } from '../api/live';
import type { Kinds } from '../api/types';
import { NOTHING, backwards, before, holds, joins, linesOf, onwards, withLine, withNext, withPrevious, type Held, type Leaf } from './leaves';

/** Milliseconds for which changes are gathered before anything is asked about them. */
const GATHER = 1_500;
/** So often a page that was let go is pieced together, where others came in between. */
const PIECES = 5;

export class Listing<K extends keyof Kinds> {
  held = $state.raw<Held<Kinds[K]>>(NOTHING);
  loaded = $state(false);
  error = $state<unknown>();
  /** How many have come that are not shown; of more than a page, a page. */
  fresh = $state(0);
  /** A new number whenever the list begins anew. */
  turn = $state(0);
  lines = $derived(linesOf(this.held));
  first = $derived(before(this.held));
  next = $derived(onwards(this.held));
  readonly size: number;
  #kind: K;
  #filters: Filters = {};
  #ended = new AbortController();
  #busy = false;
  #heads = new Set<string>();

  constructor(kind: K, size = 100) {
    this.#kind = kind;
    this.size = size;
  }

  async #ask(after: string | undefined, ended: AbortController): Promise<Leaf<Kinds[K]>> {
    const { lines, next } = await list(this.#kind, { ...this.#filters, after, limit: this.size }, ended.signal);
    return { after, lines, next };
  }

  /** Begins anew; what was shown stays until the first page is there. */
  begin = async (filters: Filters = this.#filters, kind: K = this.#kind): Promise<void> => {
    this.#ended.abort();
    const mine = (this.#ended = new AbortController());
    this.#filters = filters;
    this.#kind = kind;
    this.#busy = true;
    try {
      const leaf = await this.#ask(undefined, mine);
      if (mine.signal.aborted) return;
      this.held = withNext<Kinds[K]>(NOTHING, leaf);
      this.#heads = new Set(leaf.lines.map(({ id }) => id));
      this.fresh = 0;
      this.turn += 1;
      this.error = undefined;
    } catch (problem) {
      if (mine.signal.aborted) return;
      this.error = problem;
    }
    this.loaded = true;
    this.#busy = false;
  };

  /** Asks again for as many pages as are shown, in one go. */
  again = async (): Promise<void> => {
    const mine = this.#ended;
    const pages = Math.max(1, this.held.gone.length + this.held.leaves.length);
    let held: Held<Kinds[K]> = NOTHING;
    try {
      for (let n = 0; n < pages && (n === 0 || onwards(held) !== undefined); n++) held = withNext(held, await this.#ask(onwards(held), mine));
      if (mine !== this.#ended || mine.signal.aborted) return;
      this.held = held;
      this.error = undefined;
    } catch (problem) {
      if (!mine.signal.aborted) this.error = problem;
    }
  };

  more = (): Promise<void> => this.#turn(async (ended) => {
    // A page of which the caller may see nothing is passed over.
    while (onwards(this.held) !== undefined) {
      const leaf = await this.#ask(onwards(this.held), ended);
      if (ended.signal.aborted) return;
      this.held = withNext(this.held, leaf);
      if (leaf.lines.length) return;
    }
  });

  back = (): Promise<void> => this.#turn(async (ended) => {
    const wanted = backwards(this.held);
    if (!wanted) return;
    let leaf = await this.#ask(wanted.after, ended);
    for (let n = 0; n < PIECES && !joins(this.held, leaf); n++) {
      const rest = await this.#ask(leaf.next, ended);
      leaf = { after: leaf.after, lines: [...leaf.lines, ...rest.lines], next: rest.next };
    }
    if (!ended.signal.aborted) this.held = withPrevious(this.held, leaf);
  });

  async #turn(work: (ended: AbortController) => Promise<void>): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    const mine = this.#ended;
    try {
      await work(mine);
      if (mine === this.#ended) this.error = undefined;
    } catch (problem) {
      if (!mine.signal.aborted) this.error = problem;
    } finally {
      if (mine === this.#ended) this.#busy = false;
    }
  }

  /** Puts a line that is known to be newer in its place. */
  put(line: Kinds[K]): void {
    const known = this.lines.find(({ id }) => id === line.id);
    if (known && known.index <= line.index) this.held = withLine(this.held, line.id, line);
  }

  /** Listens to what changes until the function that it returns is called. Nothing on the page is moved by it. */
  follow(entity: string): () => void {
    const changed = new Set<string>();
    let due: ReturnType<typeof setTimeout> | undefined;
    const stop = onChange((change) => {
      if (change.kind !== entity) return;
      changed.add(change.entity);
      due ??= setTimeout(() => {
        due = undefined;
        const all = [...changed];
        changed.clear();
        void this.#hear(all);
      }, GATHER);
    });
    return () => {
      stop();
      clearTimeout(due);
    };
  }

  async #hear(changed: string[]): Promise<void> {
    const here = changed.filter((id) => holds(this.held, id));
    for (const id of here) {
      const now = await one(this.#kind, id).catch(() => undefined);
      this.held = withLine(this.held, id, now);
    }
    if (here.length === changed.length || !this.loaded) return;
    const mine = this.#ended;
    const top = await this.#ask(undefined, mine).catch(() => undefined);
    if (!top || mine !== this.#ended) return;
    this.fresh = top.lines.filter(({ id }) => !this.#heads.has(id) && !holds(this.held, id)).length;
  }

  end = (): void => this.#ended.abort();
}
