import { createHash } from 'node:crypto';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import type { Answered } from './plan.ts';

/** Bytes of that length; they differ from place to place, so that a piece in the wrong one shows. */
export function content(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 8)) & 0xff;
  return bytes;
}

/** Length and digest of bytes. */
export function described(bytes: Uint8Array): string {
  return `${bytes.length} bytes, ${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`;
}

/** The bodies of an answer's pieces, coded, and the coding's name. */
export function codedPieces({ pieces, coding }: Answered): { coding?: string; pieces: Buffer[] } {
  if (coding === 'none') return { pieces: pieces.map(content) };
  const whole = Buffer.concat(pieces.map(content));
  switch (coding) {
    case 'gzip':
      return { coding, pieces: halves(gzipSync(whole)) };
    case 'br':
      return {
        coding,
        pieces: halves(
          brotliCompressSync(whole, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
        ),
      };
    case 'deflate':
      return { coding, pieces: halves(deflateSync(whole)) };
    case 'broken gzip':
      return { coding: 'gzip', pieces: halves(Buffer.from('this was never packed')) };
  }
}

function halves(bytes: Buffer): Buffer[] {
  const half = bytes.length >> 1;
  return [bytes.subarray(0, half), bytes.subarray(half)];
}

/** Text without the random part of a form's boundary. */
export function withoutBoundary(text: string): string {
  return text.replaceAll(/----formdata-undici-\d+/g, '----formdata');
}
