// What each step of the law asks for, so that one form can take them all. The rules themselves are the server's.

import type { Finding, Notice } from './api/types';
import { standing } from './notice';

export type Input =
  | { name: string; form: 'words' | 'line' | 'time' | 'unit' | 'person' | 'limit' | 'photos' | 'finding' | 'findings'; required?: boolean }
  | { name: string; form: 'choice'; family: string; options: string[]; required?: boolean };

/** How weighty a step is on a button: `go` moves the case on, `stop` turns something down. */
export type Weight = 'go' | 'stop' | 'plain';

export interface StepForm {
  inputs: Input[];
  weight: Weight;
}

const words = (name: string, required = false): Input => ({ name, form: 'words', required });

export const FORMS: Record<string, StepForm> = {
  'finding.file': { inputs: [words('condition')], weight: 'go' },
  'finding.decline': { inputs: [words('reason', true)], weight: 'stop' },
  'finding.duplicate': { inputs: [{ name: 'of', form: 'finding', required: true }, words('reason')], weight: 'stop' },
  'finding.ask': { inputs: [words('asked', true)], weight: 'plain' },
  'finding.note': { inputs: [words('note', true)], weight: 'plain' },
  'finding.dispatch': {
    inputs: [
      { name: 'unit', form: 'unit', required: true },
      { name: 'section', form: 'line' },
      { name: 'person', form: 'person' },
      { name: 'lead', form: 'unit' },
      { name: 'limit', form: 'limit' },
      words('demand'),
    ],
    weight: 'go',
  },
  'finding.give_back': { inputs: [words('reason', true)], weight: 'stop' },
  'finding.recall': { inputs: [words('reason', true)], weight: 'stop' },
  'finding.assign': { inputs: [{ name: 'section', form: 'line' }, { name: 'person', form: 'person' }], weight: 'plain' },
  'finding.reply': { inputs: [words('reply', true), { name: 'photos', form: 'photos' }], weight: 'go' },
  'finding.close': { inputs: [words('check'), { name: 'photos', form: 'photos' }, words('override')], weight: 'go' },
  'finding.return': {
    inputs: [words('reason', true), { name: 'limit', form: 'limit' }, { name: 'photos', form: 'photos' }],
    weight: 'stop',
  },
  'finding.reopen': { inputs: [words('reason', true)], weight: 'plain' },
  'finding.request_extension': {
    inputs: [{ name: 'wanted', form: 'time', required: true }, words('wanted_because', true)],
    weight: 'plain',
  },
  'finding.extend': { inputs: [{ name: 'deadline', form: 'time', required: true }], weight: 'go' },
  'finding.refuse_extension': { inputs: [words('reason', true)], weight: 'stop' },
  'finding.suspend': { inputs: [words('suspended', true)], weight: 'plain' },
  'finding.resume': { inputs: [], weight: 'plain' },
  'finding.exempt': { inputs: [words('exempt', true)], weight: 'plain' },
  'finding.void': { inputs: [words('reason', true)], weight: 'stop' },
  'notice.issue': { inputs: [], weight: 'go' },
  'notice.discard': { inputs: [words('reason')], weight: 'stop' },
  'notice.sign': { inputs: [], weight: 'go' },
  'notice.appeal': { inputs: [words('appeal', true), { name: 'appeal_of', form: 'findings' }], weight: 'plain' },
  'notice.hear': {
    inputs: [{ name: 'says', form: 'choice', family: 'says', options: ['grant', 'reject'], required: true }, words('because', true)],
    weight: 'go',
  },
  'notice.withdraw': { inputs: [words('reason', true)], weight: 'stop' },
  'notice.attach': { inputs: [{ name: 'photos', form: 'photos', required: true }], weight: 'plain' },
};

/** The steps open in a case that this console has a form for, in the order in which people take them. */
export function offered(line: { open?: string[] }): string[] {
  const open = new Set(line.open ?? []);
  return Object.keys(FORMS).filter((kind) => open.has(kind));
}

/** The form of a step for one case: what is asked for beyond the usual where evidence is still on its way. */
export function formFor(kind: string, line: Finding | Notice): StepForm {
  const form = FORMS[kind] ?? { inputs: [], weight: 'plain' };
  if (line.kind !== 'finding') {
    // Of one finding, some is all.
    const few = standing(line).length < 2;
    return { ...form, inputs: form.inputs.filter(({ form: asks }) => asks !== 'findings' || !few) };
  }
  const { expected, displays, originals } = line.evidence;
  if (kind === 'finding.file' && displays < expected) return { ...form, inputs: [...form.inputs, words('unseen', true)] };
  if (kind === 'finding.close') {
    const missing = originals < expected;
    return { ...form, inputs: form.inputs.flatMap((input) => (input.name === 'override' ? (missing ? [words('override', true)] : []) : [input])) };
  }
  return form;
}

/** The body of a step from what was filled in; what was left empty is not said. */
export function bodyOf(form: StepForm, filled: Record<string, unknown>, newId: () => string): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const { name } of form.inputs) {
    const value = filled[name];
    if (value === undefined || value === '' || value === null) continue;
    if (typeof value === 'string' && !value.trim()) continue;
    if (name === 'note') body['notes'] = { [newId()]: typeof value === 'string' ? value.trim() : value };
    else body[name] = typeof value === 'string' ? value.trim() : value;
  }
  return body;
}
