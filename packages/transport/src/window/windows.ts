import { type Envelope, TpError, type WindowStart } from '@tp/wire';
import type { Codec, Packer, Unpacker } from './codec.ts';

/** A window of the direction in which we send. The compressor is made when there is something to pack. */
export class PackedSide {
  readonly #codec: Codec;
  readonly #said: WindowStart;
  #packer: Packer | undefined;
  #declared = false;

  constructor(codec: Codec, windowLog: number) {
    this.#codec = codec;
    this.#said = { codec: codec.name, windowLog };
  }

  get codecName(): string {
    return this.#codec.name;
  }

  /** Size of the window, 0 while there is no compressor. */
  get windowBytes(): number {
    return this.#packer === undefined ? 0 : 2 ** this.#said.windowLog;
  }

  /** What the next envelope must say about its window; undefined when that goes on (W-070). */
  start(): WindowStart | undefined {
    if (this.#declared) return undefined;
    this.#declared = true;
    return this.#said;
  }

  /** Packs a batch. `start` comes before the first. */
  pack(bytes: Uint8Array): Uint8Array {
    this.#packer ??= this.#codec.packer(this.#said.windowLog);
    return this.#packer.pack(bytes);
  }

  /** Starts the window anew with the next batch, if anything went through it. */
  restart(): void {
    if (this.#packer === undefined) return;
    this.close();
    this.#declared = false;
  }

  /**
   * Lets the compressor go, if there is one. Gives what an envelope must say at once, so that the peer
   * lets go as well: that starts the window anew, and the next batch is its first (W-077, W-080).
   */
  release(): WindowStart | undefined {
    if (this.#packer === undefined) return undefined;
    this.close();
    return this.#said;
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
  readonly #windows: ReceiveWindow[] = [];
  /** Whether the last envelope started a window anew that there was (W-081). */
  restarted = false;
  /** Whether the peer has declared any window. */
  packs = false;

  constructor(codecs: readonly Codec[], maxUnpacked: number) {
    this.#codecs = codecs;
    this.#maxUnpacked = maxUnpacked;
  }

  get codecName(): string {
    return this.#windows[0]?.codec.name ?? 'none';
  }

  /** Size of the shared window, 0 while there is no decompressor for it. */
  get windowBytes(): number {
    const shared = this.#windows[0];
    return shared?.unpacker === undefined ? 0 : 2 ** shared.windowLog;
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
    const current = this.#windows[windowId];
    if (current === undefined) {
      throw broken('a packed batch came before its window was declared (W-019)');
    }
    current.unpacker ??= current.codec.unpacker(current.windowLog, this.#maxUnpacked);
    const unpacked = current.unpacker.unpack(packed);
    if (unpacked.length !== unpackedSize) {
      throw broken(
        `a batch unpacks to ${unpacked.length} bytes and not to the declared ${unpackedSize} (W-016)`,
      );
    }
    return unpacked;
  }

  close(): void {
    for (const window of this.#windows) window?.unpacker?.close();
    this.#windows.length = 0;
  }

  #restart(id: number, { codec: name, windowLog }: WindowStart): void {
    const codec = this.#codecs.find((offered) => offered.name === name);
    if (codec === undefined || windowLog > codec.windowLog) {
      throw broken(`a window of ${name} and 2^${windowLog} bytes was not offered (W-071)`);
    }
    const before = this.#windows[id];
    this.restarted = before !== undefined;
    before?.unpacker?.close();
    this.packs = true;
    this.#windows[id] = { codec, windowLog, unpacker: undefined };
  }
}

interface ReceiveWindow {
  readonly codec: Codec;
  readonly windowLog: number;
  /** Made for the first packed batch: what was declared alone costs nothing (W-077). */
  unpacker: Unpacker | undefined;
}

function broken(message: string): TpError {
  return new TpError({ code: 'COMPRESSION', message });
}
