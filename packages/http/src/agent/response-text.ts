import { STATUS_CODES } from 'node:http';
import type { Fields } from '@tp/wire';

/** What a response's head is printed from. */
export interface PrintedHead {
  readonly status: number;
  /** Empty: the usual phrase of the status. */
  readonly reason: string;
  readonly headers: Fields;
  readonly chunked: boolean;
}

const CRLF = Buffer.from('\r\n');

/** A head as it stands in HTTP/1.1 (RFC 9112 section 2.1). What the fields hold came from a decoder, which checked it. */
export function headBytes({ status, reason, headers, chunked }: PrintedHead): Uint8Array {
  const phrase = reason === '' ? (STATUS_CODES[status] ?? '') : reason;
  const framing = chunked ? 'Transfer-Encoding: chunked\r\n' : '';
  return Buffer.from(`HTTP/1.1 ${status} ${phrase}\r\n${lines(headers)}${framing}\r\n`, 'latin1');
}

/** A piece of a body as one chunk (RFC 9112 section 7.1). */
export function chunkBytes(piece: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, CRLF]);
}

/** The end of a body in chunks. */
export function lastChunkBytes(trailers: Fields): Uint8Array {
  return Buffer.from(`0\r\n${lines(trailers)}\r\n`, 'latin1');
}

function lines(fields: Fields): string {
  const { raw } = fields;
  let text = '';
  for (let i = 0; i < raw.length; i += 2) text += `${raw[i]}: ${raw[i + 1]}\r\n`;
  return text;
}
