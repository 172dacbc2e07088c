// One list as a page shows it: asked for by its filters, page after page, and kept as it is while things change; what is new is
// counted and shown when somebody asks for it.

import { list, one, type Filters } from '../api/client.svelte';
import { gathered } from '../api/gather';
import type { Kinds } from '../api/types';
import { NOTHING, backwards, before, holds, joins, leavesOf, linesOf, onwards, withFresh, withLine, withNext, withPrevious, type Held, type Leaf } from './leaves';

/** Milliseconds for which changes are gathered before anything is asked about them. */
const GATHER = 1_500;
/** Of more lines at once it is quicker to ask for all that is held. */
const MANY = 50;
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
  readonly size: number;
  #kind: K;
  #filters: Filters = {};
  #ended = new AbortController();
  #busy = false;
  #heads = new Set<string>();
  #lines: { of: Held<Kinds[K]>; lines: Kinds[K][] } = { of: NOTHING, lines: [] };

  constructor(kind: K, size = 100) {
    this.#kind = kind;
    this.size = size;
  }

  // No deriveds: those end with the page that made the list, and a list may outlive it.
  get lines(): Kinds[K][] {
    if (this.#lines.of !== this.held) this.#lines = { of: this.held, lines: linesOf(this.held) };
    return this.#lines.lines;
  }

  get first(): number {
    return before(this.held);
  }

  get next(): string | undefined {
    return onwards(this.held);
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

  /** Asks again for as many pages as are held, in one go. */
  again = async (): Promise<void> => {
    const mine = this.#ended;
    const pages = Math.max(1, this.held.leaves.length);
    let held: Held<Kinds[K]> = { gone: this.held.gone, leaves: [] };
    let after = this.held.leaves[0]?.after;
    try {
      for (let n = 0; n < pages && (n === 0 || after !== undefined); n++) {
        held = withNext(held, await this.#ask(after, mine));
        after = onwards(held);
      }
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
    return gathered(entity, GATHER, (changed) => void this.hear([...changed.keys()]));
  }

  /** Something changed: what is shown of it is made new, and goes where it fits the list no more. */
  async hear(changed: string[]): Promise<void> {
    const mine = this.#ended;
    const here = new Set(changed.filter((id) => holds(this.held, id)));
    if (here.size > MANY) return this.again();
    let unsure = here;
    // Whether a line still fits only the server knows; in a list of everything there is nothing to ask.
    if (Object.values(this.#filters).some((value) => value !== undefined)) {
      unsure = new Set();
      for (const leaf of leavesOf(this.held, here)) for (const id of await this.#fit(leaf, here, mine)) unsure.add(id);
    }
    for (const id of unsure) {
      const now = await one(this.#kind, id).catch(() => undefined);
      if (mine !== this.#ended) return;
      this.held = withLine(this.held, id, now);
    }
    if (here.size === changed.length || !this.loaded || mine.signal.aborted) return;
    const top = await this.#ask(undefined, mine).catch(() => undefined);
    if (!top || mine !== this.#ended) return;
    this.fresh = top.lines.filter(({ id }) => !this.#heads.has(id) && !holds(this.held, id)).length;
  }

  /** Asks for a page anew until it is known which of the lines that changed are still on it; gives those of which it is not. */
  async #fit({ after, lines }: Leaf<Kinds[K]>, changed: Set<string>, ended: AbortController): Promise<Set<string>> {
    let unsure = new Set(lines.flatMap(({ id }) => (changed.has(id) ? id : [])));
    const fresh: Kinds[K][] = [];
    for (let n = 0; n < PIECES && unsure.size; n++) {
      const leaf = await this.#ask(after, ended).catch(() => undefined);
      if (!leaf || ended !== this.#ended) return new Set();
      fresh.push(...leaf.lines);
      after = leaf.next;
      ({ held: this.held, unsure } = withFresh(this.held, unsure, fresh, after === undefined));
      if (after === undefined) break;
    }
    return unsure;
  }

  /** Takes the list up again where it was ended. */
  resume = (): void => {
    this.#ended = new AbortController();
    this.#busy = false;
  };

  end = (): void => this.#ended.abort();
}
