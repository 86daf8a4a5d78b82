import type { ErrorCode, TpError } from '@tp/wire';

/** What an HTTP client is told when its request fails. */
export interface ErrorAnswer {
  readonly status: number;
  /** One line, the code first. Says nothing of addresses: those are in the log. */
  readonly text: string;
}

/** The status and text of a failure; an error of the body's length came from the client here. */
export function errorAnswer(error: TpError): ErrorAnswer {
  const { status, why } = ANSWERS.get(error.code) ?? { status: 502, why: OTHER };
  return { status, text: `${status} ${error.code}: ${why}\n` };
}

const OTHER = 'the request failed between here and the origin';

const ANSWERS: ReadonlyMap<ErrorCode, { readonly status: number; readonly why: string }> = new Map([
  ['DEADLINE', { status: 504, why: 'the deadline passed before there was an answer' }],
  ['TIMEOUT', { status: 504, why: 'there was no answer in time' }],
  ['OVERFLOW', { status: 503, why: 'too many requests wait already' }],
  ['OVERLOADED', { status: 503, why: 'the service is overloaded' }],
  ['ENHANCE_YOUR_CALM', { status: 503, why: 'too many requests' }],
  ['REFUSED', { status: 503, why: 'the service takes no further request now' }],
  ['UNREACHABLE', { status: 503, why: 'the service cannot be reached' }],
  ['CLOSED', { status: 503, why: 'the service is shutting down' }],
  ['HEAD_LIMIT', { status: 431, why: 'the head of the request is too large' }],
  ['BODY_LIMIT', { status: 413, why: 'the body of the request is too large' }],
  ['BODY_LENGTH', { status: 400, why: 'the body is not as long as content-length says' }],
  ['UPSTREAM', { status: 502, why: 'the origin broke off or answered with garbage' }],
  ['LINK_LOST', { status: 502, why: 'the link broke while the request was under way' }],
]);
