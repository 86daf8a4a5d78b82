import { crc32 } from 'node:zlib';
import type { ByteOps } from '@tp/wire';

const { latin1Slice, latin1Write } = Buffer.prototype;

/** Up to this length a loop is faster than a call into native code. */
const SHORT = 16;

/** The jobs on bytes that a Node host gives to `@tp/wire`, as `@tp/transport` does them. */
export const nodeBytes: ByteOps = {
  readLatin1: (bytes, start, end) => {
    if (end - start > SHORT) return latin1Slice.call(bytes, start, end);
    let text = '';
    for (let i = start; i < end; i += 1) text += String.fromCharCode(bytes[i] ?? 0);
    return text;
  },
  writeLatin1: (bytes, text, at) => {
    latin1Write.call(bytes, text, at, text.length);
  },
  crc32,
};
