import { describe, expect, it } from 'vitest';
import { Problem, idAfter } from './problem';

const fresh = () => 'fresh';
const said = (status: number) => new Problem(status, `http_${status}`, undefined, undefined);

describe('a step that did not go through', () => {
  it('is another step when it is said again after a refusal', () => {
    for (const status of [400, 403, 409, 422, 429]) expect(idAfter(said(status), 'same', fresh), String(status)).toBe('fresh');
  });

  it('is the same step where nobody knows whether it was heard', () => {
    for (const status of [408, 500, 507]) expect(idAfter(said(status), 'same', fresh), String(status)).toBe('same');
    expect(idAfter(new TypeError('the line'), 'same', fresh)).toBe('same');
  });
});
