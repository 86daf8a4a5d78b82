import { REMAINING_MS } from '@tp/http';
import { type Fields, isTarget, isToken, TpError } from '@tp/wire';
import type { OutgoingRequest } from '../exchange.ts';
import { formatFieldLines } from './field-lines.ts';

/** Writes request heads, the field block of the last one kept ready for its repetition. */
export interface RequestHeadWriter {
  /**
   * The head as it goes to the origin, with its empty line: the client's fields as they came,
   * then only what this hop itself needs.
   *
   * @throws {TpError} `PROTOCOL` when method, target or a field must not stand in a request.
   */
  write(request: OutgoingRequest): string;
}

/** Makes a writer. */
export function createRequestHeadWriter(): RequestHeadWriter {
  let lastFields: Fields | undefined;
  let lastBlock = '';
  return {
    write(request) {
      const { method, path, headers } = request;
      if (!isToken(method) || !isTarget(path)) {
        throw new TpError({
          code: 'PROTOCOL',
          processed: 'no',
          message: 'the request line is not legal in HTTP',
        });
      }
      if (headers !== lastFields) {
        lastBlock = fieldBlock(headers);
        lastFields = headers;
      }
      let head = `${method} ${path} HTTP/1.1\r\n${lastBlock}`;
      const remaining = request.incoming.remainingMs;
      if (remaining !== undefined)
        head += `${REMAINING_MS}: ${Math.max(0, Math.floor(remaining))}\r\n`;
      const chunked = request.body !== null && request.declaredLength === undefined;
      return chunked ? `${head}Transfer-Encoding: chunked\r\n\r\n` : `${head}\r\n`;
    },
  };
}

function fieldBlock(headers: Fields): string {
  const block = formatFieldLines(headers.raw);
  // RFC 9110 section 10.1.4: whoever sends TE says so in Connection, as TE holds for one hop.
  return headers.has('te') ? `${block}Connection: TE\r\n` : block;
}
