// The documented API as the pages use it. A lost connection is waited out, an ended session is renewed in place, and what
// was asked is then asked again, so that a form that somebody is filling in survives both.

import createClient from 'openapi-fetch';
import type { paths } from './schema';
import { line } from './line.svelte';
import { Problem } from './problem';
import { passes, pause, wait } from './patience';
import { heard } from '../words/time.svelte';
import type { Kinds, Page, Said, StepReply } from './types';

/** Set by the session: asks the person to sign in again, and resolves when they did. */
let renew: (() => Promise<void>) | undefined;
export function onEnded(ask: () => Promise<void>): void {
  renew = ask;
}

/** Asks the person to sign in again, and resolves when they did. */
export async function renewed(): Promise<void> {
  await renew?.();
}

/** Asks until the server answers. Only for what may be asked twice: reading, and steps that bear their id. */
async function patient(request: Request): Promise<Response> {
  const again = request.method === 'GET' || request.headers.has('x-same') ? Infinity : 1;
  request.headers.delete('x-same');
  for (let n = 1; ; n++) {
    try {
      const reply = await fetch(request.clone());
      if (!passes(reply.status) || n >= again) {
        line.lost = false;
        heard(reply.headers.get('date'));
        return reply;
      }
    } catch (error) {
      if (request.signal.aborted || n >= again) throw error;
    }
    line.lost = true;
    await wait(pause(n), request.signal);
  }
}

async function asked(request: Request): Promise<Response> {
  const spare = request.clone();
  const reply = await patient(request);
  if (reply.status !== 401 || !renew || new URL(request.url).pathname.startsWith('/v1/session')) return reply;
  await renew();
  return patient(spare);
}

export const api = createClient<paths>({ baseUrl: location.origin, fetch: asked, cache: 'no-store' });

/** The body of a reply; throws its problem. */
export async function got<T>(
  asked: Promise<{ data?: unknown; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await asked;
  if (response.ok) return data as T;
  const said = error as { code?: string; detail?: string } | undefined;
  const after = Number(response.headers.get('retry-after') ?? NaN);
  throw new Problem(
    response.status,
    said?.code ?? `http_${response.status}`,
    said?.detail,
    Number.isFinite(after) ? after : undefined,
  );
}

/** Asks whether a file can be had, and throws its problem where it cannot. */
export async function fileIsThere(address: string, signal: AbortSignal): Promise<void> {
  const reply = await asked(new Request(address, { signal, cache: 'no-store' }));
  if (!reply.ok) throw await Problem.of(reply);
  await reply.body?.cancel();
}

export type Filters = Record<string, string | number | undefined>;

export function list<K extends keyof Kinds>(kind: K, query: Filters, signal?: AbortSignal): Promise<Page<Kinds[K]>> {
  return got(api.GET('/v1/{kind}', { params: { path: { kind }, query: query as never }, signal }));
}

export function one<K extends keyof Kinds>(kind: K, id: string, signal?: AbortSignal): Promise<Kinds[K]> {
  return got(api.GET('/v1/{kind}/{id}', { params: { path: { kind, id } }, signal }));
}

export function history(kind: keyof Kinds, id: string, signal?: AbortSignal): Promise<{ said: Said[] }> {
  return got(api.GET('/v1/{kind}/{id}/history', { params: { path: { kind, id } }, signal }));
}

export function alike(id: string, signal?: AbortSignal): Promise<Page<Kinds['findings']>> {
  return got(api.GET('/v1/findings/{id}/alike', { params: { path: { id } }, signal }));
}

/** A UUIDv7, which an op is named by before it is said. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const now = Date.now();
  for (let i = 0; i < 6; i++) bytes[i] = Math.floor(now / 2 ** (8 * (5 - i))) % 256;
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export interface Step {
  kind: string;
  entity?: string;
  body?: Record<string, unknown>;
  /** The state that its author saw. */
  from?: string;
  /** The version that its author saw: a change of a field that changed meanwhile is then a conflict. */
  base?: number;
  /** Named by the caller, it happens once, however often it is said. */
  id?: string;
}

/**
 * Takes a step. It bears an id, so that one whose reply was lost is not taken twice. `signal` ends the waiting for a lost
 * line; what was sent by then may still be heard.
 */
export function step({ kind, entity, body = {}, from, base, id = newId() }: Step, signal?: AbortSignal): Promise<StepReply> {
  const headers: Record<string, string> = { 'x-same': '1' };
  if (base !== undefined) headers['If-Match'] = `"${base}"`;
  return got(
    api.POST('/v1/steps', { body: { id, kind, entity, body, from } as never, headers: headers as never, signal }),
  );
}
