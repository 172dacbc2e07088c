import { describe, expect, it } from 'vitest';
import { afterwards } from './decide';

describe('an upload that was cut off', () => {
  it('waits for a line, a proxy or a server that is busy or starting, however long that takes', () => {
    for (const status of [0, 408, 429, 502, 503, 504]) expect(afterwards(status, 500), String(status)).toBe('wait');
  });

  it('asks where the server stands when that is elsewhere, and does not ask without a pause for ever', () => {
    expect([afterwards(409, 1), afterwards(423, 2), afterwards(409, 3)]).toEqual(['ask', 'ask', 'wait']);
  });

  it('is given up at a server that went back behind what it had, which is no other offset', () => {
    expect(afterwards(409, 1, 'ledger_rolled_back')).toBe('give_up');
    expect(afterwards(409, 1, 'offset_mismatch')).toBe('ask');
  });

  it('goes on after somebody has signed in again', () => expect(afterwards(401, 7)).toBe('sign_in'));

  it('begins anew when the server no longer knows of it, or got other bytes than were announced', () => {
    expect([afterwards(410, 1), afterwards(404, 9), afterwards(460, 1)]).toEqual(['anew', 'anew', 'anew']);
  });

  it('is given up when the server will not have it: too much, not allowed, a full disk, no picture', () => {
    for (const status of [400, 403, 413, 500, 507]) expect(afterwards(status, 1), String(status)).toBe('give_up');
    expect(afterwards(460, 2)).toBe('give_up');
  });
});
