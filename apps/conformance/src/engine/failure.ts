/** An expectation of a case that the peer did not meet. */
export class Failure extends Error {
  override readonly name = 'Failure';

  constructor(expected: string, came: string) {
    super(`expected ${expected}; came ${came}`);
  }
}

/** Fails unless both are the same when written as JSON. */
export function expectEqual(what: string, found: unknown, wanted: unknown): void {
  const shown = JSON.stringify(found) ?? 'nothing';
  const expected = JSON.stringify(wanted) ?? 'nothing';
  if (shown !== expected) throw new Failure(`${what} ${shorten(expected)}`, shorten(shown));
}

/** Fails unless the condition holds. */
export function expectThat(condition: boolean, expected: string, came: string): void {
  if (!condition) throw new Failure(expected, came);
}

function shorten(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
