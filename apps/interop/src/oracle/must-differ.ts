import type { Observation } from './asking.ts';
import { withoutBoundary } from './content.ts';

/** What is seen otherwise over tp than over HTTP/1.1, and why that is right. */
export interface Difference {
  readonly what: string;
  readonly why: string;
  /** Takes it out of what was seen over either. */
  readonly leaveOut: (seen: Observation) => Observation;
}

/** Everything that may differ. What is not listed here must be the same. */
export const DIFFERENCES: readonly Difference[] = [
  {
    what: 'the response fields date, connection, keep-alive and transfer-encoding',
    why: 'they are said by an HTTP/1.1 server about its connection; whoever prints HTTP/1.1 behind a link adds them there',
    leaveOut: (seen) => ({
      ...seen,
      fields: seen.fields.filter(([name]) => !OF_CONNECTION.has(name)),
    }),
  },
  {
    what: 'the request fields connection and transfer-encoding',
    why: 'they are said by an HTTP/1.1 client about its connection (RFC 9110 section 7.6.1); a link frames bodies itself',
    leaveOut: (seen) => ({
      ...seen,
      requests: seen.requests.map((request) => ({
        ...request,
        fields: request.fields.filter(
          (_, i, all) => !OF_CONNECTION.has((all[i - (i % 2)] ?? '').toLowerCase()),
        ),
      })),
    }),
  },
  {
    what: 'the boundary of a form in content-type',
    why: 'it is random in each call; bodies are compared without it',
    leaveOut: (seen) => ({
      ...seen,
      requests: seen.requests.map((request) => ({
        ...request,
        fields: request.fields.map(withoutBoundary),
      })),
    }),
  },
  {
    what: 'what stands behind "fetch failed" and "terminated" when the peer breaks off',
    why: 'HTTP tells of a socket (ECONNRESET, EPIPE, UND_ERR_SOCKET); tp says UND_ERR_SOCKET, and in its cause what the peer said',
    leaveOut: (seen) => ({ ...seen, error: seen.error.filter((cause) => !OF_SOCKET.test(cause)) }),
  },
  {
    what: 'letters beyond ASCII in a reason phrase',
    why: 'undici reads as UTF-8 what Node has written as Latin-1, and shows U+FFFD; tp gives what the listener said',
    leaveOut: (seen) => ({ ...seen, reason: seen.reason.replace(/[^ -~]/g, '?') }),
  },
  {
    what: 'letters beyond ASCII in a response field, where the head leaves alone',
    why: 'Node writes such a head as UTF-8, and with a body as Latin-1; tp gives what the listener said',
    leaveOut: (seen) => ({
      ...seen,
      fields: seen.fields.map(([name, value]) => [name, asWritten(value)]),
    }),
  },
  {
    what: 'blanks behind the value of a response field',
    why: 'they are not part of the value (RFC 9110 section 5.5), but the parser of undici leaves them there',
    leaveOut: (seen) => ({
      ...seen,
      fields: seen.fields.map(([name, value]) => [name, value.replace(/[ \t]+(?=, |$)/g, '')]),
    }),
  },
  {
    what: 'content-length: 0 of a stream that turns out to be empty',
    why: 'undici sends no head before the first piece; tp sends it at once, so that the listener can answer before there is one',
    leaveOut: (seen) => ({
      ...seen,
      requests: seen.requests.map((request) =>
        request.fields.slice(-2).join(': ') === 'content-length: 0'
          ? { ...request, fields: request.fields.slice(0, -2) }
          : request,
      ),
    }),
  },
  {
    what: 'whether a response was finished when it was closed, where the client has all of it',
    why: 'undici closes the connection behind HEAD, and behind a body that the method gives no meaning to',
    leaveOut: (seen) =>
      seen.phase === 'whole'
        ? { ...seen, requests: seen.requests.map((request) => ({ ...request, finished: true })) }
        : seen,
  },
];

/** What was seen, without what may differ. */
export function comparable(seen: Observation): Observation {
  return DIFFERENCES.reduce((left, { leaveOut }) => leaveOut(left), seen);
}

const OF_CONNECTION = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding']);
const OF_SOCKET = /^(?:Error: .* (?:ECONNRESET|EPIPE)|SocketError: .* UND_ERR_SOCKET|TpError: .*)$/;

/** Latin-1 letters that are the bytes of UTF-8, as the letters that these stand for. */
function asWritten(value: string): string {
  const text = Buffer.from(value, 'latin1').toString();
  return text.includes('\ufffd') ? value : text;
}
