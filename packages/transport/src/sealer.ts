import { BatchEncoder, encodeEnvelope, FRONT, PREFACE, sealPlain } from '@tp/wire';
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
  #spare: Uint8Array | undefined;

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
    });
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

  /** Starts the next batch. While the connection still has the envelope, its memory is not used again. */
  next(envelope: Uint8Array, isGone: boolean): void {
    const encoder = this.encoder;
    if (isGone || envelope.buffer !== encoder.records.bytes.buffer) {
      encoder.reset();
      return;
    }
    const busy = encoder.records.bytes;
    encoder.reset(this.#spare ?? new Uint8Array(busy.length));
    this.#spare = busy;
  }

  close(): void {
    this.#packed?.close();
  }
}
