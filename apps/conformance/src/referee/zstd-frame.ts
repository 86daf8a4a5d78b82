import { Violation } from './violation.ts';

const MAGIC = 0xfd2fb528;
const HEADER_LEAST = 5;
const BLOCK_HEADER = 3;
const RLE = 1;

/**
 * Walks over the blocks of one Zstandard frame (RFC 8878, section 3.1.1) without unpacking them, to
 * see that it has no dictionary, never ends, and that each batch ends where a block does (W-074).
 */
export class ZstdFrame {
  #begun = false;

  walk(packed: Uint8Array): void {
    const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.length);
    let at = this.#begun ? 0 : headerLength(bytes);
    this.#begun = true;
    while (at < bytes.length) {
      if (bytes.length - at < BLOCK_HEADER) throw broken('a batch ends inside a block', packed, at);
      const header = bytes.readUIntLE(at, BLOCK_HEADER);
      if (header % 2 === 1) throw broken('the frame has a last block', packed, at);
      const size = Math.floor(header / 8);
      at += BLOCK_HEADER + (Math.floor(header / 2) % 4 === RLE ? 1 : size);
    }
    if (at > bytes.length) throw broken('a batch ends inside a block', packed, bytes.length);
  }
}

function headerLength(bytes: Buffer): number {
  if (bytes.length < HEADER_LEAST || bytes.readUInt32LE() !== MAGIC) {
    throw broken('a window does not start with a frame', bytes, 0);
  }
  const descriptor = bytes.readUInt8(4);
  if (descriptor % 4 !== 0) throw broken('the frame names a dictionary', bytes, 4);
  const isSingleSegment = Math.floor(descriptor / 32) % 2 === 1;
  const sizeFlag = Math.floor(descriptor / 64);
  const contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][sizeFlag] ?? 0;
  return HEADER_LEAST + (isSingleSegment ? 0 : 1) + contentSize;
}

function broken(what: string, bytes: Uint8Array, at: number): Violation {
  return new Violation('W-074', what, bytes, at);
}
