import { type Envelope, TpError, type WindowStart } from '@tp/wire';
import type { Codec, Packer, Unpacker } from './codec.ts';

/** The window of the direction in which we send. The compressor is made at its first batch. */
export class PackedSide {
  readonly #codec: Codec;
  readonly #windowLog: number;
  #packer: Packer | undefined;

  constructor(codec: Codec, windowLog: number) {
    this.#codec = codec;
    this.#windowLog = windowLog;
  }

  get codecName(): string {
    return this.#codec.name;
  }

  /** Size of the window, 0 before the first batch. */
  get windowBytes(): number {
    return this.#packer === undefined ? 0 : 2 ** this.#windowLog;
  }

  /** What the next envelope must say about its window; undefined when that goes on (W-070). */
  start(): WindowStart | undefined {
    if (this.#packer !== undefined) return undefined;
    this.#packer = this.#codec.packer(this.#windowLog);
    return { codec: this.#codec.name, windowLog: this.#windowLog };
  }

  pack(bytes: Uint8Array): Uint8Array {
    if (this.#packer === undefined) throw new Error('start() comes first');
    return this.#packer.pack(bytes);
  }

  close(): void {
    this.#packer?.close();
    this.#packer = undefined;
  }
}

/** The windows of the direction in which we receive, as the peer declares them. */
export class UnpackedSide {
  readonly #codecs: readonly Codec[];
  readonly #maxUnpacked: number;
  /** By their ids: 0 is the shared one, the others are isolated (W-075). */
  readonly #unpackers: Unpacker[] = [];
  /** Whether the last envelope started a window anew that there was (W-081). */
  restarted = false;
  #codecName = 'none';
  #windowBytes = 0;

  constructor(codecs: readonly Codec[], maxUnpacked: number) {
    this.#codecs = codecs;
    this.#maxUnpacked = maxUnpacked;
  }

  get codecName(): string {
    return this.#codecName;
  }

  /** Size of the window, 0 while the peer has declared none. */
  get windowBytes(): number {
    return this.#windowBytes;
  }

  /**
   * Unpacks an envelope's batch; undefined when it has none.
   *
   * @throws {TpError} COMPRESSION or DECOMPRESSION_LIMIT (W-016, W-019, W-070, W-071).
   */
  open(envelope: Envelope): Uint8Array | undefined {
    const { packed, unpackedSize, window, windowId } = envelope;
    if (window !== undefined) this.#restart(windowId, window);
    if (packed === undefined) return undefined;
    const unpacker = this.#unpackers[windowId];
    if (unpacker === undefined) {
      throw broken('a packed batch came before its window was declared (W-019)');
    }
    const unpacked = unpacker.unpack(packed);
    if (unpacked.length !== unpackedSize) {
      throw broken(
        `a batch unpacks to ${unpacked.length} bytes and not to the declared ${unpackedSize} (W-016)`,
      );
    }
    return unpacked;
  }

  close(): void {
    for (const unpacker of this.#unpackers) unpacker?.close();
    this.#unpackers.length = 0;
  }

  #restart(id: number, { codec: name, windowLog }: WindowStart): void {
    const codec = this.#codecs.find((offered) => offered.name === name);
    if (codec === undefined || windowLog > codec.windowLog) {
      throw broken(`a window of ${name} and 2^${windowLog} bytes was not offered (W-071)`);
    }
    const before = this.#unpackers[id];
    this.restarted = before !== undefined;
    before?.close();
    if (id === 0) {
      this.#codecName = name;
      this.#windowBytes = 2 ** windowLog;
    }
    this.#unpackers[id] = codec.unpacker(windowLog, this.#maxUnpacked);
  }
}

function broken(message: string): TpError {
  return new TpError({ code: 'COMPRESSION', message });
}
