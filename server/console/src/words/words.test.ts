// Every text is there in both languages, and every text that a page asks for is there at all.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { texts } from './index.svelte';
import { FORMS } from '../steps';
import { RIGHTS } from './rights';

const root = new URL('..', import.meta.url).pathname;

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'words' ? [] : sources(path);
    return /\.(svelte|ts)$/.test(entry.name) && !/\.(test|d)\.ts$/.test(entry.name) ? [path] : [];
  });
}

const has = (language: 'zh' | 'en', key: string) =>
  key in texts[language] || `${key}_other` in texts[language];

const blanks = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name).sort();

describe('the texts', () => {
  it('are the same in both languages, with the same blanks', () => {
    expect(Object.keys(texts.en).sort()).toEqual(Object.keys(texts.zh).sort());
    for (const [key, zh] of Object.entries(texts.zh)) {
      expect(blanks(texts.en[key] ?? ''), key).toEqual(blanks(zh));
      expect(zh.trim(), key).not.toBe('');
    }
  });

  it('are in their languages', () => {
    const chinese = /[\u4e00-\u9fff]/;
    const mistaken = Object.entries(texts.en).filter(([key, text]) => chinese.test(text) && key !== 'frame.language');
    expect(mistaken).toEqual([]);
  });

  it('are there for whatever a page asks for', () => {
    const missing: string[] = [];
    for (const path of sources(root)) {
      const text = readFileSync(path, 'utf8');
      for (const [, key] of text.matchAll(/\bt\(\s*['"`]([\w.]+)['"`]/g)) {
        if (key && !has('zh', key)) missing.push(`${path}: ${key}`);
      }
    }
    expect(missing).toEqual([]);
  });

  it('are not written in the pages themselves', () => {
    const stray = sources(root).filter((path) => path.endsWith('.svelte') && /[\u4e00-\u9fff]/.test(readFileSync(path, 'utf8')));
    expect(stray).toEqual([]);
  });

  it('name every right that the law has', () => {
    // The list is printed by a test of the law itself, so it is whole.
    const printed = readFileSync(new URL('../../../../core/docs/casework.md', import.meta.url), 'utf8');
    const section = printed.split('<!-- roles -->')[1]?.split('\n## ')[0] ?? '';
    const law = [...section.matchAll(/^\| `([a-z_.]+)` \|/gm)].map(([, right]) => right);
    expect(law.length).toBeGreaterThan(0);
    expect([...RIGHTS].sort()).toEqual(law.sort());
  });

  it('name every code that a desk may hear', () => {
    // Only phones push under a key, pull, range and send to another ledger.
    const phones = new Set([
      'wrong_ledger', 'no_session', 'wrong_session', 'bad_signature', 'unknown_device', 'device_revoked', 'bad_method', 'new_epoch',
      'offset_mismatch', 'bad_version', 'bad_range',
    ]);
    const printed = readFileSync(new URL('../../../../core/docs/sync-protocol.md', import.meta.url), 'utf8');
    const section = printed.split('| `wrong_ledger` |')[1]?.split('\n\n')[0] ?? '';
    const codes = [...section.matchAll(/^\| `([a-z_]+)` \|/gm)].flatMap(([, code]) => (code ? [code] : []));
    expect(codes.length).toBeGreaterThan(30);
    expect(codes.filter((code) => !phones.has(code) && !has('zh', `code.${code}`))).toEqual([]);
  });

  it('name every step and everything that it asks for', () => {
    const missing = Object.entries(FORMS).flatMap(([kind, form]) => [
      ...(has('zh', `step.${kind}`) ? [] : [kind]),
      ...form.inputs.filter((input) => !has('zh', `field.${input.name}`)).map((input) => `${kind} ${input.name}`),
    ]);
    expect(missing).toEqual([]);
  });
});
