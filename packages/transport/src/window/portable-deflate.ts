import { TpError } from '@tp/wire';
import { Deflate, Inflate } from 'fflate';
import type { Codec, Packer, Unpacker } from './codec.ts';

/**
 * DEFLATE in plain JavaScript (fflate), level 6, for runtimes without `node:zlib`. The bytes are
 * the same kind of bytes: either end may be native.
 */
export const portableDeflate: Codec = {
  name: 'deflate',
  windowLog: 15,
  packer: (windowLog) => (windowLog < FULL_WINDOW ? new StoredPacker() : new PortablePacker()),
  unpacker: (_windowLog, maxUnpacked) => new PortableUnpacker(maxUnpacked),
};

/** The engine's window is always 2^15: for a peer with a smaller one it cannot be used. */
const FULL_WINDOW = 15;
/** The longest that a stored block can be (RFC 1951 section 3.2.4). */
const LONGEST_STORED = 0xffff;

class PortablePacker implements Packer {
  readonly #pieces = new Pieces();
  readonly #engine: Deflate;
  #passed = 0;

  constructor() {
    this.#engine = new Deflate({ level: 6 }, (piece) => this.#pieces.add(piece));
  }

  pack(bytes: Uint8Array): Uint8Array {
    this.#engine.push(bytes.slice());
    // fflate 0.8 makes two mistakes in a sync flush: it takes bits that wait for a whole byte for a
    // position, so they must be zeros; and it has no room where six of them wait. A flush without
    // anything new writes an empty block of ten bits, 0100000000, which ends in zeros; the sync
    // flush begins with one. The first one tells by its highest bit where it began.
    this.#engine.flush();
    this.#engine.flush();
    const beganAt = highestBit(this.#pieces.last) - 1;
    if (beganAt === 2) this.#engine.flush();
    this.#engine.flush(true);
    const packed = this.#pieces.take();
    // fflate also takes 2^15 zeros for known that nobody has sent. Until they are out of reach, a
    // batch that might refer to them goes as it is: how it went does not matter to what follows.
    const isSafe = this.#passed >= 2 ** FULL_WINDOW || !bytes.includes(0);
    this.#passed += bytes.length;
    return isSafe ? packed : stored(bytes);
  }

  close(): void {}
}

/** Packs nothing: stored blocks refer to nothing, so they fit every window. */
class StoredPacker implements Packer {
  pack(bytes: Uint8Array): Uint8Array {
    return stored(bytes);
  }

  close(): void {}
}

function stored(bytes: Uint8Array): Uint8Array {
  const pieces = new Pieces();
  for (let at = 0; at < bytes.length; at += LONGEST_STORED) {
    const piece = bytes.subarray(at, at + LONGEST_STORED);
    pieces.add(storedFront(piece.length));
    pieces.add(piece);
  }
  pieces.add(storedFront(0));
  return pieces.take();
}

function storedFront(length: number): Uint8Array {
  const low = length & 0xff;
  const high = length >>> 8;
  return Uint8Array.of(0, low, high, low ^ 0xff, high ^ 0xff);
}

class PortableUnpacker implements Unpacker {
  readonly #pieces = new Pieces();
  readonly #engine: Inflate;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
    this.#engine = new Inflate((piece) => this.#pieces.add(piece));
  }

  unpack(bytes: Uint8Array): Uint8Array {
    try {
      for (let at = 0; at < bytes.length; at += STEP) {
        this.#engine.push(bytes.slice(at, at + STEP));
        if (this.#pieces.length > this.#max) {
          throw new TpError({
            code: 'DECOMPRESSION_LIMIT',
            message: 'a batch unpacks to more than the limit (W-016)',
          });
        }
      }
    } catch (error) {
      if (error instanceof TpError) throw error;
      throw new TpError({
        code: 'COMPRESSION',
        message: 'a packed batch cannot be unpacked (W-015)',
        cause: error,
      });
    }
    return this.#pieces.take();
  }

  close(): void {}
}

/** Input is given to the engine in steps, so that a bomb is noticed at about 1,032 times this. */
const STEP = 1024;

/** The place of the highest bit that is set in up to two bytes. */
function highestBit(bytes: Uint8Array | undefined): number {
  return 31 - Math.clz32((bytes?.[0] ?? 0) | ((bytes?.[1] ?? 0) << 8));
}

class Pieces {
  length = 0;
  #list: Uint8Array[] = [];

  add(piece: Uint8Array): void {
    this.#list.push(piece);
    this.length += piece.length;
  }

  get last(): Uint8Array | undefined {
    return this.#list.at(-1);
  }

  take(): Uint8Array {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const piece of this.#list) {
      all.set(piece, at);
      at += piece.length;
    }
    this.#list = [];
    this.length = 0;
    return all;
  }
}
