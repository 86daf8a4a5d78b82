import { type ServerResponse, STATUS_CODES } from 'node:http';
import { type ErrorCode, isTpError } from '@tp/wire';

const STATUS: ReadonlyMap<ErrorCode, number> = new Map([
  ['BODY_LENGTH', 400],
  ['BODY_LIMIT', 413],
  ['HEAD_LIMIT', 431],
  ['UPSTREAM', 502],
  ['LINK_LOST', 502],
  ['OVERFLOW', 503],
  ['OVERLOADED', 503],
  ['ENHANCE_YOUR_CALM', 503],
  ['REFUSED', 503],
  ['UNREACHABLE', 503],
  ['CLOSED', 503],
  ['DEADLINE', 504],
  ['TIMEOUT', 504],
]);

/** Answers with the status of an error; where that is too late, or the request was cancelled, breaks off. */
export function answerError(response: ServerResponse, error: unknown): void {
  const code = isTpError(error) ? error.code : undefined;
  if (response.headersSent || response.destroyed || code === 'CANCEL') {
    response.destroy();
    return;
  }
  const status = (code === undefined ? undefined : STATUS.get(code)) ?? 500;
  const text = code === undefined ? '' : `${status} ${code}\n`;
  // A phrase that was refused would stay without one.
  response.writeHead(status, STATUS_CODES[status] ?? '', [
    ...(text === '' ? [] : ['Content-Type', 'text/plain']),
    ...(status === 503 ? ['Retry-After', '1'] : []),
    'Content-Length',
    String(text.length),
  ]);
  response.end(text);
}
