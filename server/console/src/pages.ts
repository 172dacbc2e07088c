// Every page of the console, and whose it is.

import type { Component } from 'svelte';
import { fitting } from './path';
import { may, ofUnit } from './session.svelte';
import type { Key } from './words/index.svelte';

export interface Page {
  /** Where it is; a part that begins with a colon is given to the page under that name. */
  at: string;
  title: Key;
  /** Whether it is among the pages of whoever is signed in. */
  mine: () => boolean;
  /** Reached from another page, and not listed in the navigation. */
  within?: boolean;
  load: () => Promise<{ default: Component<Record<string, string>> }>;
}

const anybody = () => true;
const city = () => !ofUnit();
const admin = () => may('user.manage') || may('ledger.manage');
type Loaded = Promise<{ default: Component<Record<string, string>> }>;

export const PAGES: Page[] = [
  { at: '/unit', title: 'nav.unit', mine: ofUnit, load: () => import('./pages/unit/UnitDesk.svelte') as unknown as Loaded },
  { at: '/review', title: 'nav.review', mine: () => may('finding.review'), load: () => import('./pages/review/Review.svelte') as unknown as Loaded },
  { at: '/findings', title: 'nav.findings', mine: city, load: () => import('./pages/findings/Findings.svelte') as unknown as Loaded },
  { at: '/findings/:id', title: 'nav.findings', mine: anybody, within: true, load: () => import('./pages/findings/FindingPage.svelte') as unknown as Loaded },
  { at: '/board', title: 'nav.board', mine: city, load: () => import('./pages/notices/Board.svelte') as unknown as Loaded },
  { at: '/notices', title: 'nav.notices', mine: city, load: () => import('./pages/notices/Notices.svelte') as unknown as Loaded },
  { at: '/notices/:id', title: 'nav.notices', mine: anybody, within: true, load: () => import('./pages/notices/NoticePage.svelte') as unknown as Loaded },
  { at: '/admin', title: 'nav.admin', mine: admin, load: () => import('./pages/admin/Admin.svelte') as unknown as Loaded },
  { at: '/admin/:part', title: 'nav.admin', mine: admin, within: true, load: () => import('./pages/admin/Admin.svelte') as unknown as Loaded },
  { at: '/account', title: 'nav.account', mine: anybody, within: true, load: () => import('./pages/account/Account.svelte') as unknown as Loaded },
];

export function pagesFor(): Page[] {
  const listed = PAGES.filter((page) => !page.within && page.mine());
  return listed.length ? listed : PAGES.filter((page) => page.at === '/account');
}

/** Where somebody begins: an administrator who reviews nothing, at what there is to look after. */
export function home(): string | undefined {
  const pages = pagesFor();
  const looksAfter = !may('finding.review') && !may('notice.draft') ? pages.find(({ at }) => at === '/admin') : undefined;
  return (looksAfter ?? pages[0])?.at;
}

export function pageAt(path: string): { page: Page; parts: Record<string, string> } | undefined {
  for (const page of PAGES) {
    const parts = fitting(path, page.at);
    if (parts) return { page, parts };
  }
  return undefined;
}
