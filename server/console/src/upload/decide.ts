// What is done when an upload was cut off, by the status of the reply; 0 where none came.

export type Next =
  /** The line or the server will be back: wait, then go on where the server stands. */
  | 'wait'
  /** The server stands elsewhere than was thought: ask it at once. */
  | 'ask'
  /** The session is over: sign in, then go on. */
  | 'sign_in'
  /** The server has thrown away what came: begin anew. */
  | 'anew'
  /** Nothing helps but a person. */
  | 'give_up';

/** What is done after try number `tries`, from 1 on; `code` is what the server says that it is. */
export function afterwards(status: number, tries: number, code?: string): Next {
  if (status === 401) return 'sign_in';
  // The server went back behind what it had: it takes nothing until somebody has looked after it.
  if (code === 'ledger_rolled_back') return 'give_up';
  if (status === 409 || status === 423) return tries < 3 ? 'ask' : 'wait';
  if (status === 404 || status === 410) return 'anew';
  // What came was not the file: a cable or a disk. A second time is no accident.
  if (status === 460) return tries < 2 ? 'anew' : 'give_up';
  if (status === 0 || status === 408 || status === 429 || (status >= 502 && status <= 504)) return 'wait';
  return 'give_up';
}
