/** The field that carries a trace from program to program (W3C Trace Context). */
export const TRACEPARENT = 'traceparent';
/** What vendors say beside it. */
export const TRACESTATE = 'tracestate';

const FORM = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/;

/** The trace that a value of the field names; undefined where it names none. */
export function traceIdOf(value: string | undefined): string | undefined {
  return value === undefined ? undefined : FORM.exec(value)?.[1];
}
