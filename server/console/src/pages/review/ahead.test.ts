import { beforeEach, expect, it, vi } from 'vitest';
import type { Finding } from '../../api/types';
import { alike } from '../../api/client.svelte';
import { Ahead } from './ahead.svelte';

vi.mock('../../api/client.svelte', () => ({ alike: vi.fn() }));
const asked = vi.mocked(alike);
beforeEach(() => void asked.mockReset());

const finding = { id: 'a', photos: {} } as Finding;
const page = (...ids: string[]) => ({ lines: ids.map((id) => ({ id }) as Finding) });

it('asks once, again after a while, and at once when something changed', async () => {
  asked.mockResolvedValue(page('b'));
  const ahead = new Ahead();
  for (const now of [0, 1, 59_999]) ahead.want(finding, now);
  expect(asked).toHaveBeenCalledTimes(1);
  await vi.waitFor(() => expect(ahead.of('a').map(({ id }) => id)).toEqual(['b']));
  ahead.want(finding, 60_000);
  ahead.changed();
  ahead.want(finding, 60_001);
  expect(asked).toHaveBeenCalledTimes(3);
});

it('does not show what was asked for before something changed', async () => {
  let old: (found: ReturnType<typeof page>) => void = () => undefined;
  asked.mockReturnValueOnce(new Promise((resolve) => (old = resolve))).mockResolvedValueOnce(page('new'));
  const ahead = new Ahead();
  ahead.want(finding, 0);
  ahead.changed();
  ahead.want(finding, 1);
  await vi.waitFor(() => expect(ahead.of('a')).toHaveLength(1));
  old(page('old', 'older'));
  await Promise.resolve();
  expect(ahead.of('a').map(({ id }) => id)).toEqual(['new']);
});

it('asks again for what was not answered', async () => {
  asked.mockRejectedValueOnce(new Error('no')).mockResolvedValueOnce(page('b'));
  const ahead = new Ahead();
  ahead.want(finding, 0);
  await vi.waitFor(() => {
    ahead.want(finding, 1);
    expect(asked).toHaveBeenCalledTimes(2);
  });
});
