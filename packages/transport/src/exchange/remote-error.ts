import { TpError, type TpErrorInit } from '@tp/wire';

/**
 * An error that the peer has told us of. Its stack would show nothing but how a socket is read, and
 * taking one is most of what an error costs; under overload there are many, so it has none.
 */
export function remoteError(init: TpErrorInit): TpError {
  if (!canSetDepth) return new TpError(init);
  const depth = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return new TpError(init);
  } finally {
    Error.stackTraceLimit = depth;
  }
}

/** With frozen intrinsics it cannot be set. */
const canSetDepth = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')?.writable === true;
