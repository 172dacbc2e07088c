// One register of the city, whole: registers are small, and whoever looks after one wants to see all of it.

import { api, got } from '../../api/client.svelte';
import { onChange } from '../../api/live';

export interface Entry {
  id: string;
  kind: string;
  index: number;
  status: string;
  open: string[];
  name?: string;
  [field: string]: unknown;
}

interface Page {
  lines: Entry[];
  next?: string;
}

export async function entriesOf(kind: string): Promise<Entry[]> {
  const all: Entry[] = [];
  let after: string | undefined;
  do {
    const query = { limit: 500, ...(after ? { after } : {}) };
    const page = await got<Page>(api.GET('/v1/register/{kind}' as never, { params: { path: { kind }, query } } as never));
    all.push(...page.lines);
    after = page.next;
  } while (after);
  return all;
}

/** A register that is read now and again whenever something of its kind changes. */
export class Register {
  rows = $state.raw<Entry[]>([]);
  loaded = $state(false);
  error = $state<unknown>();

  constructor(readonly kind: string) {}

  read = async (): Promise<void> => {
    try {
      this.rows = await entriesOf(this.kind);
      this.error = undefined;
    } catch (problem) {
      this.error = problem;
    }
    this.loaded = true;
  };

  /** Reads and listens until the function that it returns is called. */
  follow(of: string): () => void {
    void this.read();
    return onChange((change) => {
      if (change.kind === of) void this.read();
    });
  }
}
