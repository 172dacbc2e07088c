import { describe, expect, it, vi } from 'vitest';
import { Problem } from '../api/problem';
import { Picks, type Ways } from './picks.svelte';
import type { Job, Progress } from './send';
import { Shelf, type Store } from './shelf';

// There is no server here to ask.
vi.mock('../api/client.svelte', () => ({ newId: () => crypto.randomUUID(), renewed: async () => undefined }));

/** What a browser keeps, as long as it keeps anything. */
function browser(): Store & { keys: () => string[]; full: boolean } {
  const held = new Map<IDBValidKey, unknown>();
  const store = {
    full: false,
    keys: () => [...held.keys()].map(String).sort(),
    get: async (key: IDBValidKey) => held.get(key),
    set: async (key: IDBValidKey, value: unknown) => {
      if (store.full) throw new Error('QuotaExceededError');
      held.set(key, value);
    },
    update: async (key: IDBValidKey, change: (old: unknown) => unknown) => void held.set(key, change(held.get(key))),
    delMany: async (keys: IDBValidKey[]) => keys.forEach((key) => held.delete(key)),
  };
  return store as unknown as Store & { keys: () => string[]; full: boolean };
}

interface Sent extends Progress {
  job: Job;
  done: () => void;
  fail: (problem: unknown) => void;
}

/** A form's pictures, with a line in the hands of the test. */
function form(store = browser(), draft = 'finding.reply f1') {
  const sending: Sent[] = [];
  const cancelled: string[] = [];
  const ways: Partial<Ways> = {
    shelf: new Shelf('u1', draft, store),
    hash: async (file) => `sha256:${await file.text()}`,
    cancel: (place) => void cancelled.push(place),
    send: (job, progress, signal) =>
      new Promise((done, fail) => {
        sending.push({ job, ...progress, done, fail });
        signal.addEventListener('abort', () => fail(signal.reason));
      }),
  };
  return { picks: new Picks('u1', draft, ways), sending, cancelled, store };
}

const settled = () => new Promise((done) => setTimeout(done, 5));
const photo = (bytes: string, name = `${bytes}.jpg`) => new File([bytes], name, { type: 'image/jpeg', lastModified: 1_000 });
const states = ({ pictures }: Picks) => pictures.map(({ name, state }) => `${name} ${state}`);

describe('pictures of a form', () => {
  it('are hashed and sent two at a time, and are named when they are all there', async () => {
    const { picks, sending } = form();
    await picks.open();
    expect(picks.holdsUp).toBe(false);
    picks.take([photo('a'), photo('b'), photo('c')]);
    await settled();
    expect(states(picks)).toEqual(['a.jpg sending', 'b.jpg sending', 'c.jpg queued']);
    sending[0]?.done();
    await settled();
    expect(states(picks)).toEqual(['a.jpg here', 'b.jpg sending', 'c.jpg sending']);
    expect(picks.holdsUp).toBe(true);
    sending.forEach(({ done }) => done());
    await settled();
    expect(picks.holdsUp).toBe(false);
    expect(Object.values(picks.named('after') ?? {})).toMatchObject([{ original: 'sha256:a', shows: 'after' }, { original: 'sha256:b' }, { original: 'sha256:c' }]);
  });

  it('go on after a reload where they were, without being hashed again', async () => {
    const before = form();
    await before.picks.open();
    before.picks.take([photo('a'), photo('b')]);
    await settled();
    before.sending[0]?.begun('/v1/uploads/1');
    before.sending[1]?.begun('/v1/uploads/2');
    await settled();
    before.picks.pause(before.picks.pictures[1]?.id ?? '');
    await settled();
    before.picks.close();

    const after = form(before.store);
    await after.picks.open();
    await settled();
    expect(states(after.picks)).toEqual(['a.jpg sending', 'b.jpg paused']);
    expect(after.sending.map(({ job }) => [job.hash, job.place])).toEqual([['sha256:a', '/v1/uploads/1']]);
    expect(after.picks.pictures.map(({ id }) => id)).toEqual(before.picks.pictures.map(({ id }) => id));
    after.picks.go(after.picks.pictures[1]?.id ?? '');
    await settled();
    expect(after.sending[1]?.job.place).toBe('/v1/uploads/2');
  });

  it('are kept for one form of one person, and only until the step is said', async () => {
    const { picks, store, sending } = form();
    await picks.open();
    picks.take([photo('a')]);
    await settled();
    const other = form(store, 'finding.reply f2');
    await other.picks.open();
    expect(other.picks.pictures).toEqual([]);
    sending[0]?.done();
    await settled();
    expect(store.keys()).toHaveLength(2);
    await new Shelf('u1', 'finding.reply f1', store).clear();
    await settled();
    expect(store.keys()).toEqual([]);
  });

  it('hold the step up while one was refused, until it is sent after all or taken away', async () => {
    const { picks, sending, cancelled, store } = form();
    await picks.open();
    picks.take([photo('a')]);
    await settled();
    sending[0]?.begun('/v1/uploads/1');
    sending[0]?.fail(new Problem(403, 'quota_full', undefined, undefined));
    await settled();
    expect([states(picks), picks.holdsUp]).toEqual([['a.jpg refused'], true]);
    picks.go(picks.pictures[0]?.id ?? '');
    await settled();
    expect(states(picks)).toEqual(['a.jpg sending']);
    picks.remove(picks.pictures[0]?.id ?? '');
    await settled();
    expect([picks.holdsUp, cancelled]).toEqual([false, ['/v1/uploads/1']]);
    expect(store.keys().filter((key) => key.includes('f1 '))).toEqual([]);
  });

  it('are taken once, and what is no picture is not', async () => {
    const { picks, sending } = form();
    await picks.open();
    picks.take([photo('a'), photo('a', 'again.jpg'), new File(['x'], 'list.pdf', { type: 'application/pdf' })]);
    await settled();
    expect(states(picks)).toEqual(['a.jpg sending']);
    expect(picks.turned).toEqual([{ name: 'list.pdf', why: 'type' }, { name: 'again.jpg', why: 'twice' }]);
    expect(sending).toHaveLength(1);
  });

  it('are sent by a browser that keeps nothing, which says so', async () => {
    const { picks, store, sending } = form();
    await picks.open();
    store.full = true;
    picks.take([photo('a')]);
    await settled();
    sending[0]?.done();
    await settled();
    expect([picks.keeps, states(picks)]).toEqual([false, ['a.jpg here']]);
  });
});
