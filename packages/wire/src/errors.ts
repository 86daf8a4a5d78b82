/**
 * Whether the request that failed may have taken effect: `"no"` it was never handed to a handler
 * and may be sent again whatever its method; `"maybe"` nobody can tell; `"yes"` it was handled.
 */
export type Processed = 'no' | 'maybe' | 'yes';

/** Every way to fail, by a name that stays. The numbers they have on the wire are in `docs/protocol.md`, section 11. */
export type ErrorCode =
  | 'NO_ERROR'
  | 'PROTOCOL'
  | 'INTERNAL'
  | 'FLOW_CONTROL'
  | 'COMPRESSION'
  | 'DECOMPRESSION_LIMIT'
  | 'CHECKSUM'
  | 'REFUSED'
  | 'CANCEL'
  | 'DEADLINE'
  | 'TIMEOUT'
  | 'OVERFLOW'
  | 'OVERLOADED'
  | 'ENHANCE_YOUR_CALM'
  | 'HEAD_LIMIT'
  | 'BODY_LIMIT'
  | 'BODY_LENGTH'
  | 'UPSTREAM'
  | 'UNREACHABLE'
  | 'LINK_LOST'
  | 'CLOSED'
  | 'INVALID_ARGUMENT';

/** What an error is made from. `processed` is `"maybe"` unless said otherwise. */
export interface TpErrorInit {
  readonly code: ErrorCode;
  readonly message: string;
  readonly processed?: Processed;
  readonly cause?: unknown;
}

/**
 * The one error class of tp. Match on `code`: it is stable, and `instanceof` breaks across copies
 * of a package. `message` says what happened and what to do.
 */
export class TpError extends Error {
  override readonly name = 'TpError';
  readonly code: ErrorCode;
  readonly processed: Processed;

  constructor(init: TpErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = init.code;
    this.processed = init.processed ?? 'maybe';
  }
}

/** Whether a caught value is an error of tp, also one made by another copy of this package. */
export function isTpError(value: unknown): value is TpError {
  return (
    value instanceof Error &&
    value.name === 'TpError' &&
    'code' in value &&
    typeof value.code === 'string' &&
    'processed' in value &&
    (value.processed === 'no' || value.processed === 'maybe' || value.processed === 'yes')
  );
}
