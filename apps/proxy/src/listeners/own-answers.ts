import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { isTpError, TpError } from '@tp/wire';
import { errorAnswer } from '../error-answer.ts';
import { formatFieldLines } from '../h1/field-lines.ts';
import { retryAfter } from '../retry-after.ts';
import type { Refusal } from './front-head.ts';
import type { FrontRequest } from './front-request.ts';
import { breakOff, writeText } from './front-response.ts';

/** Answers a request that failed; where its response has begun, breaks that off. */
export function answerFailure(
  response: ServerResponse,
  request: FrontRequest,
  error: unknown,
  lastOfConnection: boolean,
): void {
  const known = isTpError(error)
    ? error
    : new TpError({ code: 'INTERNAL', message: 'the proxy failed', cause: error });
  if (response.headersSent) {
    breakOff(response);
  } else if (known.code === 'CANCEL' || response.destroyed) {
    response.destroy();
  } else {
    const { status, text } = errorAnswer(known);
    const cutOff = lastOfConnection || !request.bodyCaredFor || request.owesContinue;
    writeText(response, status, failureFields(status, text, known), text, cutOff);
  }
}

/** Answers where Node made no response object, and ends the connection. */
export function endWith(socket: Duplex, { status, code, why }: Refusal): void {
  const text = `${status} ${code}: ${why}\n`;
  const lines = formatFieldLines([...ownFields(text), 'Connection', 'close']);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines}\r\n${text}`, () => {
    socket.destroy();
  });
}

/** The fields of such an answer. */
export function ownFields(text: string): string[] {
  return ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', `${text.length}`];
}

/** The fields of the answer to a request that failed. */
export function failureFields(status: number, text: string, error: TpError): string[] {
  const fields = ownFields(text);
  if (status === 503) fields.push('Retry-After', retryAfter(error));
  return fields;
}
