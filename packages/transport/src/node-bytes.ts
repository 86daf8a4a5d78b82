import { crc32 } from 'node:zlib';
import type { ByteOps } from '@tp/wire';

const { latin1Slice, latin1Write } = Buffer.prototype;

/** Below this length a call into native code costs more than it saves. */
const SHORT = 16;

/** What `@tp/wire` asks of its host, by Node's native code. */
export const nodeBytes: ByteOps = {
  readLatin1(bytes, start, end) {
    if (end - start > SHORT) return latin1Slice.call(bytes, start, end);
    let text = '';
    for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] ?? 0);
    return text;
  },
  writeLatin1(bytes, text, at) {
    latin1Write.call(bytes, text, at, text.length);
  },
  crc32: (bytes, seed) => crc32(bytes, seed),
};

/** Memory with whatever was in it: for what is written in full before it is read. */
export function unzeroed(size: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
}
