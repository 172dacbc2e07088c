// Every page of the console, and whose it is.

import type { Component } from 'svelte';
import { may, ofUnit } from './session.svelte';
import type { Key } from './words/index.svelte';

export interface Page {
  /** Where it is; a part that begins with a colon is given to the page under that name. */
  at: string;
  title: Key;
  /** Whether it stands in the navigation of whoever is signed in. */
  listed: () => boolean;
  load: () => Promise<{ default: Component<Record<string, string>> }>;
}

const never = () => false;
const city = () => !ofUnit();
type Loaded = Promise<{ default: Component<Record<string, string>> }>;

export const PAGES: Page[] = [
  { at: '/unit', title: 'nav.unit', listed: ofUnit, load: () => import('./pages/unit/UnitDesk.svelte') as unknown as Loaded },
  { at: '/review', title: 'nav.review', listed: () => may('finding.review'), load: () => import('./pages/review/Review.svelte') as unknown as Loaded },
  { at: '/findings', title: 'nav.findings', listed: city, load: () => import('./pages/findings/Findings.svelte') as unknown as Loaded },
  { at: '/findings/:id', title: 'nav.findings', listed: never, load: () => import('./pages/findings/FindingPage.svelte') as unknown as Loaded },
  { at: '/board', title: 'nav.board', listed: city, load: () => import('./pages/notices/Board.svelte') as unknown as Loaded },
  { at: '/notices', title: 'nav.notices', listed: city, load: () => import('./pages/notices/Notices.svelte') as unknown as Loaded },
  { at: '/notices/:id', title: 'nav.notices', listed: never, load: () => import('./pages/notices/NoticePage.svelte') as unknown as Loaded },
  { at: '/admin', title: 'nav.admin', listed: () => may('user.manage') || may('ledger.manage'), load: () => import('./pages/admin/Admin.svelte') as unknown as Loaded },
  { at: '/admin/:part', title: 'nav.admin', listed: never, load: () => import('./pages/admin/Admin.svelte') as unknown as Loaded },
  { at: '/account', title: 'nav.account', listed: never, load: () => import('./pages/account/Account.svelte') as unknown as Loaded },
];

export function pagesFor(): Page[] {
  const listed = PAGES.filter((page) => page.listed());
  return listed.length ? listed : PAGES.filter((page) => page.at === '/account');
}

/** Where somebody begins: an administrator who reviews nothing, at what there is to look after. */
export function home(): string | undefined {
  const pages = pagesFor();
  const admin = !may('finding.review') && !may('notice.draft') ? pages.find(({ at }) => at === '/admin') : undefined;
  return (admin ?? pages[0])?.at;
}

export function pageAt(path: string, pages: Page[] = PAGES): { page: Page; parts: Record<string, string> } | undefined {
  const wanted = path.replace(/\/+$/, '').split('/');
  for (const page of pages) {
    const steps = page.at.split('/');
    if (steps.length !== wanted.length) continue;
    const parts: Record<string, string> = {};
    const fits = steps.every((step, i) => {
      const part = wanted[i] ?? '';
      if (!step.startsWith(':')) return step === part;
      parts[step.slice(1)] = decodeURIComponent(part);
      return part !== '';
    });
    if (fits) return { page, parts };
  }
  return undefined;
}
