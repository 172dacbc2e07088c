// Where somebody is: the address, and nothing else, says what is shown.

function read() {
  return { path: location.pathname, query: new URLSearchParams(location.search), hash: location.hash.slice(1) };
}

export const route = $state(read());

function update() {
  Object.assign(route, read());
}

/** Whether somebody came here through the browser's history, and so comes back to what was there. */
export const arrived = { back: false };

addEventListener('popstate', () => {
  arrived.back = true;
  update();
});

let stays: (() => boolean) | undefined;

/** Has `ask` say whether somebody stays where they are, until the function that it returns is called. */
export function beforeLeaving(ask: () => boolean): () => void {
  stays = ask;
  return () => (stays = undefined);
}

export function go(to: string, { replace = false } = {}): void {
  const away = new URL(to, location.href).pathname !== location.pathname;
  if (away && stays?.()) return;
  arrived.back = false;
  history[replace ? 'replaceState' : 'pushState'](null, '', to);
  update();
}

/** Sets or (with an empty value) removes members of the query; the place in the list is kept. */
export function ask(changes: Record<string, string | undefined>, { replace = true } = {}): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const text = query.toString();
  go(location.pathname + (text ? `?${text}` : ''), { replace });
}

/** Follows links inside the console without loading the page again. */
export function follow(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest('a');
  if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
  if (link.pathname.startsWith('/v1/') || link.pathname === '/openapi.json') return;
  event.preventDefault();
  go(link.pathname + link.search + link.hash);
  if (!link.hash) scrollTo(0, 0);
}
