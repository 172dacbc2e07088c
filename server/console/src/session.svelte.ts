// Who is signed in. A session that ends is renewed over the page that is open, so that nothing on it is lost.

import { api, got, onEnded } from './api/client.svelte';
import { hush, listen } from './api/live';
import { Problem } from './api/problem';
import type { Session } from './api/types';
import { city, loadCity } from './city.svelte';

export const session = $state<{ known: boolean; who: Session | undefined; ended: boolean }>({
  known: false,
  who: undefined,
  ended: false,
});

/** Who is signed in at this browser, as its other tabs tell it: the session is that of all of them. */
const HERE = 'xuncha.user';
globalThis.addEventListener?.('storage', ({ key, newValue }) => {
  // What one person opened is never shown to the next, nor sent in the next one's name.
  if (key === HERE && session.who && newValue !== session.who.user) location.reload();
});

function tellTabs(user: string | undefined): void {
  try {
    if (user) localStorage.setItem(HERE, user);
    else localStorage.removeItem(HERE);
  } catch {
    // A full or forbidden storage tells no other tab, and keeps nobody out.
  }
}

let waiting: (() => void)[] = [];

onEnded(() => {
  session.ended = true;
  hush();
  return new Promise((resolve) => waiting.push(resolve));
});

/** Asks the server who is signed in, at the start. */
export async function whoAmI(): Promise<void> {
  try {
    await entered(await got<Session>(api.GET('/v1/session')));
  } catch (error) {
    if (!(error instanceof Problem) || (error.status !== 401 && error.status !== 403)) throw error;
    session.who = undefined;
  }
  session.known = true;
}

export async function signIn(name: string, password: string): Promise<void> {
  await entered(await got<Session>(api.POST('/v1/session', { body: { name, password } })));
}

/** Chooses a password with the code of a one-time link. */
export async function choosePassword(code: string, password: string): Promise<void> {
  await entered(await got<Session>(api.POST('/v1/session/link', { body: { code, password } })));
}

export async function changePassword(old: string, fresh: string): Promise<void> {
  await got(api.POST('/v1/session/password', { body: { old, new: fresh } }));
}

export async function signOut(): Promise<void> {
  await got(api.DELETE('/v1/session'));
  left();
}

/**
 * Signs out whoever has gone away. What was on the screen goes at once, and the server is told however long it takes: the
 * session's cookie would open the page again, and what pages read by themselves would keep it alive.
 */
export async function goneAway(): Promise<void> {
  hush();
  session.known = false;
  session.who = undefined;
  // Signed out twice is signed out, so it is said until it is answered.
  await got(api.DELETE('/v1/session', { headers: { 'x-same': '1' } as never })).catch(() => undefined);
  left();
}

/** Forgets who was here; the pages of one person are never shown to the next. */
function left(): void {
  hush();
  tellTabs(undefined);
  location.assign('/');
}

async function entered(who: Session): Promise<void> {
  // The session is theirs in every tab from now on.
  tellTabs(who.user);
  // Somebody else at the same browser sees nothing of what was open.
  if (session.who && session.who.user !== who.user) return location.reload();
  await loadCity();
  // The same person with the same rights comes back to the page as it was left.
  if (JSON.stringify(who) !== JSON.stringify($state.snapshot(session.who))) session.who = who;
  session.known = true;
  session.ended = false;
  // Whatever changed since the names were read is told.
  listen(city()?.size, loadCity);
  const resolved = waiting;
  waiting = [];
  for (const resolve of resolved) resolve();
}

export function may(right: string): boolean {
  return session.who?.rights.includes(right) ?? false;
}

/** True for somebody of a unit, who answers what the city sends it. */
export function ofUnit(): boolean {
  return session.who?.unit !== undefined && (may('finding.reply') || may('notice.sign'));
}
