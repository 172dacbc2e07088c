/** What the server says when it cannot do what it was asked: RFC 9457 with a stable `code`. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string | undefined,
    /** Seconds after which it may be asked again. */
    readonly retryAfter: number | undefined,
  ) {
    super(detail ? `${code}: ${detail}` : code);
    this.name = 'Problem';
  }

  /** True where the server said no and did nothing; of an error of its own, or of one that waited too long, nobody knows. */
  get turnedDown(): boolean {
    return this.status < 500 && this.status !== 408;
  }

  static async of(response: Response): Promise<Problem> {
    const text = await response.text().catch(() => '');
    const wait = Number(response.headers.get('retry-after') ?? NaN);
    let code = `http_${response.status}`;
    let detail: string | undefined;
    try {
      const body = JSON.parse(text) as { code?: unknown; detail?: unknown };
      if (typeof body.code === 'string') code = body.code;
      if (typeof body.detail === 'string') detail = body.detail;
    } catch {
      // No document: a proxy's page; its status says enough.
    }
    return new Problem(response.status, code, detail, Number.isFinite(wait) ? wait : undefined);
  }
}

/** The id to say a step under after `problem`: a new one where it was turned down, else the same, so that it happens once. */
export function idAfter(problem: unknown, id: string, newId: () => string): string {
  return problem instanceof Problem && problem.turnedDown ? newId() : id;
}
