// That more time was asked for and not given. The server says so until more time is asked for anew.

export interface Refusal {
  because: string;
  at?: string;
}

/** Read with care: an older server says nothing of it. */
export function refusalOf(finding: object): Refusal | undefined {
  const { refused_because: because, refused_at: at } = finding as { refused_because?: unknown; refused_at?: unknown };
  if (typeof because !== 'string') return undefined;
  return typeof at === 'string' ? { because, at } : { because };
}
