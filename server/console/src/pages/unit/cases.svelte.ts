// A unit's cases, read once and then one by one as they change.

import { list, one } from '../../api/client.svelte';
import { onChange } from '../../api/live';
import { Problem } from '../../api/problem';
import type { Kinds } from '../../api/types';
import { PARTS, inOrder, partOf, withCase, type Case, type Part } from './desk';

/** Milliseconds for which changes are gathered. */
const GATHER = 300;
/** More changes than this at once are not asked for one by one. */
const MANY = 20;
const PAGE = 200;
/** Of what is done only the latest are shown. */
const DONE = 30;

type Plural = 'findings' | 'notices';
const plural = (kind: string): Plural | undefined => (kind === 'finding' ? 'findings' : kind === 'notice' ? 'notices' : undefined);

async function all<K extends Plural>(kind: K, status: string): Promise<Kinds[K][]> {
  const lines: Kinds[K][] = [];
  let after: string | undefined;
  do {
    const page = await list(kind, { status, limit: PAGE, after });
    lines.push(...page.lines);
    after = page.next;
  } while (after);
  return lines;
}

async function read(part: Part): Promise<Case[]> {
  const { kind, status } = PARTS[part];
  if (part === 'done') return (await list('findings', { status: status.join(), limit: DONE })).lines;
  return all(plural(kind) as Plural, status.join());
}

export class Cases {
  #cases = $state.raw<Map<string, Case>>(new Map());
  loaded = $state(false);
  error = $state<unknown>();
  #changed = new Map<string, Plural>();
  #due: ReturnType<typeof setTimeout> | undefined;

  of(part: Part): Case[] {
    return inOrder(part, [...this.#cases.values()].filter((each) => partOf(each) === part));
  }

  byId(id: string): Case | undefined {
    return this.#cases.get(id);
  }

  begin = async (): Promise<void> => {
    try {
      const parts = await Promise.all((Object.keys(PARTS) as Part[]).map(read));
      this.#cases = new Map(parts.flat().map((each) => [each.id, each]));
      this.error = undefined;
      this.loaded = true;
    } catch (problem) {
      this.error = problem;
    }
  };

  /** Reads one again; what is not there to be seen any more goes. */
  again = async (kind: Plural, id: string): Promise<void> => {
    try {
      this.put(id, await one(kind, id));
    } catch (problem) {
      if (problem instanceof Problem && problem.status === 404) this.put(id, undefined);
      else this.error = problem;
    }
  };

  put(id: string, now: Case | undefined): void {
    this.#cases = withCase(this.#cases, id, now);
  }

  /** Reads, and listens until the function that it returns is called. */
  follow(): () => void {
    void this.begin();
    const stop = onChange((change) => {
      const kind = plural(change.kind);
      if (!kind) return;
      this.#changed.set(change.entity, kind);
      this.#due ??= setTimeout(() => void this.#hear(), GATHER);
    });
    return () => {
      stop();
      clearTimeout(this.#due);
      this.#due = undefined;
    };
  }

  async #hear(): Promise<void> {
    this.#due = undefined;
    const changed = [...this.#changed];
    this.#changed.clear();
    if (changed.length > MANY || !this.loaded) return this.begin();
    await Promise.all(changed.map(([id, kind]) => this.again(kind, id)));
  }
}
