const SHOWN = 48;

/** A rule that the peer has broken, found by the referee in what the peer said. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly rule: string;

  /** @param bytes the message or batch in which it was found, shown from near `at` on. */
  constructor(rule: string, what: string, bytes?: Uint8Array, at = 0) {
    super(
      `the peer broke ${rule}: ${what}${bytes === undefined ? '' : `; bytes: ${hexAt(bytes, at)}`}`,
    );
    this.rule = rule;
  }
}

/** Bytes in hex; those from `at` on stand behind a bar. */
export function hexAt(bytes: Uint8Array, at = 0): string {
  const start = Math.max(0, at - 8);
  const end = Math.min(bytes.length, at + SHOWN);
  const before = Buffer.from(bytes.subarray(start, at)).toString('hex');
  const after = Buffer.from(bytes.subarray(at, end)).toString('hex');
  const more = end < bytes.length ? '…' : '';
  return `${start > 0 ? '…' : ''}${before}${before === '' ? '' : '|'}${after}${more}`;
}
