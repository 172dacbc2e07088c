// Every text of the console in Chinese and English; switched without loading anything again.

import i18next from 'i18next';
import { account } from './account';
import { admin } from './admin';
import { catalogue } from './catalogue';
import { frame } from './frame';
import { findings } from './findings';
import { notices } from './notices';
import { problems } from './problems';
import { review } from './review';
import { rights } from './rights';
import { steps } from './steps';
import { terms } from './terms';
import { told } from './told';
import { unit } from './unit';

export type Language = 'zh' | 'en';

const zh = {
  ...frame.zh, ...account.zh, ...terms.zh, ...steps.zh, ...problems.zh, ...review.zh, ...findings.zh, ...notices.zh,
  ...unit.zh, ...admin.zh, ...told.zh, ...rights.zh,
  ...catalogue.zh,
};
const en: Record<string, string> = {
  ...frame.en, ...account.en, ...terms.en, ...steps.en, ...problems.en, ...review.en, ...findings.en, ...notices.en,
  ...unit.en, ...admin.en, ...told.en, ...rights.en,
  ...catalogue.en,
};

type Stem<K extends string> = K extends `${infer S}_one` | `${infer S}_other` ? S : K;
export type Key = Stem<keyof typeof zh & string>;

export const texts: Record<Language, Record<string, string>> = { zh, en };

const KEPT = 'xuncha.language';

function preferred(): Language {
  const kept = globalThis.localStorage?.getItem(KEPT);
  if (kept === 'zh' || kept === 'en') return kept;
  return (globalThis.navigator?.language ?? 'zh').startsWith('zh') ? 'zh' : 'en';
}

void i18next.init({
  lng: 'zh',
  fallbackLng: false,
  initAsync: false,
  keySeparator: false,
  nsSeparator: false,
  interpolation: { escapeValue: false },
  resources: { zh: { translation: zh }, en: { translation: en } },
});

export const language = $state({ current: preferred() });

export function speak(wanted: Language): void {
  language.current = wanted;
  globalThis.localStorage?.setItem(KEPT, wanted);
}

/** The text called `key` in the language of now; `{{name}}` in it is taken from `values`, plurals go by `count`. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return i18next.t(key, { ...values, lng: language.current });
}

/** The same for a key that is put together, such as `status.` and a status; `otherwise` where there is none. */
export function term(family: string, name: string | undefined | null, otherwise?: string): string {
  if (!name) return otherwise ?? '';
  const key = `${family}.${name}`;
  return key in texts[language.current] ? i18next.t(key, { lng: language.current }) : (otherwise ?? name);
}

/** The words of something that bears both languages. */
export function said(words: { zh: string; en: string } | undefined): string {
  return words ? words[language.current] || words.zh : '';
}

/** Several words one after another, as the language of now lists them. */
export function together(words: string[]): string {
  return new Intl.ListFormat(language.current === 'zh' ? 'zh-CN' : 'en-GB', { type: 'unit', style: 'short' }).format(words);
}
