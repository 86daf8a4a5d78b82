import { BatchEncoder, encodeEnvelope, FRONT, PREFACE, sealPlain } from '@tp/wire';
import { giveBatchMemory, takeBatchMemory } from './batch-memory.ts';
import { nodeBytes } from './node-bytes.ts';
import { type Agreement, plainEncoder } from './opening.ts';
import type { ResolvedLinkOptions } from './options.ts';
import { PackedSide } from './windows.ts';

/** The sending end of a link's format: holds the batch at hand and makes envelopes of it. */
export class Sealer {
  /** Where the records of the batch at hand go. */
  encoder: BatchEncoder;
  #packed: PackedSide | undefined;
  #checksum = true;
  /** What the connection had not taken yet when it was written. */
  #busy: Uint8Array | undefined;

  /** Until `open`, only a hello can be sealed. */
  constructor(options: ResolvedLinkOptions) {
    this.encoder = plainEncoder(options.limits);
  }

  get codecName(): string {
    return this.#packed?.codecName ?? 'none';
  }

  get windowBytes(): number {
    return this.#packed?.windowBytes ?? 0;
  }

  /** The hellos are exchanged. */
  open(agreed: Agreement, options: ResolvedLinkOptions): void {
    this.#checksum = agreed.checksum;
    this.#packed =
      agreed.codec === undefined ? undefined : new PackedSide(agreed.codec, agreed.windowLog);
    this.encoder = new BatchEncoder({
      bytes: nodeBytes,
      limits: agreed.peerLimits,
      isSecret: options.isSecret,
      inline: this.#packed === undefined,
      capacity: 0,
    });
  }

  /** Starts a batch; what was written has left by now. Ends with `next` or `rest`. */
  begin(): void {
    this.encoder.reset(this.#busy ?? takeBatchMemory());
    this.#busy = undefined;
  }

  /** There is nothing to send. */
  rest(): void {
    giveBatchMemory(this.encoder.records.bytes);
    this.encoder.reset(NOTHING);
  }

  /** The preface and an envelope of the batch, which is the hello (W-009). */
  sealOpening(): Uint8Array {
    const envelope = sealPlain(this.encoder.records, nodeBytes, true);
    const opening = new Uint8Array(PREFACE.length + envelope.length);
    opening.set(PREFACE);
    opening.set(envelope, PREFACE.length);
    this.encoder.reset();
    return opening;
  }

  /** An envelope of the batch. Control alone does not pay for a turn of the compressor. */
  seal(controlOnly: boolean): Uint8Array {
    if (this.#packed === undefined || controlOnly) {
      return sealPlain(this.encoder.records, nodeBytes, this.#checksum);
    }
    const { records, blobs } = this.encoder;
    const unpacked = records.bytes.subarray(FRONT, records.position);
    const plain = blobs.position > FRONT ? blobs.bytes.subarray(FRONT, blobs.position) : undefined;
    const window = this.#packed.start();
    const packed = this.#packed.pack(unpacked);
    let crc: number | undefined;
    if (this.#checksum) {
      crc = nodeBytes.crc32(unpacked, plain === undefined ? 0 : nodeBytes.crc32(plain, 0));
    }
    const unpackedSize = unpacked.length;
    return encodeEnvelope({ plain, packed, unpackedSize, crc, window, windowId: 0 }, nodeBytes);
  }

  /** The batch is written. While the connection still has it, its memory is not used again. */
  next(envelope: Uint8Array, isGone: boolean): void {
    const memory = this.encoder.records.bytes;
    if (isGone || envelope.buffer !== memory.buffer) giveBatchMemory(memory);
    else this.#busy = memory;
    this.encoder.reset(NOTHING);
  }

  /**
   * Lets go what a link at rest does not need. Gives the envelope that tells the peer so; undefined
   * when there is nothing to tell.
   */
  release(): Uint8Array | undefined {
    this.encoder.release();
    this.#busy = undefined;
    const window = this.#packed?.release();
    if (window === undefined) return undefined;
    const crc = this.#checksum ? 0 : undefined;
    return encodeEnvelope({ ...NO_BATCH, crc, window, windowId: 0 }, nodeBytes);
  }

  close(): void {
    this.#packed?.close();
  }
}

const NOTHING = new Uint8Array(0);
const NO_BATCH = { plain: undefined, packed: undefined, unpackedSize: 0 };
