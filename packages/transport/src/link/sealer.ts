import { BatchEncoder, encodeEnvelope, FRONT, MAX_WINDOWS, PREFACE, sealPlain } from '@tp/wire';
import { nodeBytes } from '../node-bytes.ts';
import type { ResolvedLinkOptions } from '../options.ts';
import { type Tenant, Tenants, type WindowChoice } from '../window/tenants.ts';
import { PackedSide } from '../window/windows.ts';
import { giveBatchMemory, takeBatchMemory } from './batch-memory.ts';
import { PLAIN } from './inbox.ts';
import { type Agreement, plainEncoder } from './opening.ts';

/** The sending end of a link's format: holds the batch at hand and makes envelopes of it. */
export class Sealer {
  /** Where the records of the batch at hand go. */
  encoder: BatchEncoder;
  #packed: PackedSide | undefined;
  #tenants: Tenants | undefined;
  #agreed: Agreement | undefined;
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
    this.#agreed = agreed;
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
  seal(controlOnly: boolean, tenant: Tenant | undefined, now: number): Uint8Array {
    const shared = this.#packed;
    if (shared === undefined || controlOnly) {
      return sealPlain(this.encoder.records, nodeBytes, this.#checksum);
    }
    if (tenant === undefined) return this.#sealPacked(shared, 0);
    const own = this.#tenants?.windowOf(tenant, now);
    return own === undefined ? this.#sealApart(shared) : this.#sealPacked(own, tenant.id);
  }

  /** Whoever has that choice of window; undefined where that is the shared one, or nothing is packed. */
  tenant(choice: WindowChoice): Tenant | undefined {
    return choice === 'shared' ? undefined : this.#everyTenant()?.of(choice);
  }

  /** Whoever answers to what came through a window of the peer; undefined for the shared one. */
  tenantOfPeer(windowId: number): Tenant | undefined {
    if (windowId === 0) return undefined;
    const tenants = this.#everyTenant();
    return windowId === PLAIN ? tenants?.off : tenants?.ofPeer(windowId);
  }

  /** The peer has started a window anew. */
  restarted(windowId: number): void {
    this.#tenants?.restarted(windowId);
  }

  /** Made for the first call that does not go through the shared window. */
  #everyTenant(): Tenants | undefined {
    const { codec, windowLog, peerLimits } = this.#agreed ?? {};
    if (codec === undefined || windowLog === undefined || peerLimits === undefined)
      return undefined;
    this.#tenants ??= new Tenants(codec, windowLog, Math.min(peerLimits.windows, MAX_WINDOWS));
    return this.#tenants;
  }

  #sealPacked(side: PackedSide, windowId: number): Uint8Array {
    const { records, blobs } = this.encoder;
    const unpacked = records.bytes.subarray(FRONT, records.position);
    const plain = blobs.position > FRONT ? blobs.bytes.subarray(FRONT, blobs.position) : undefined;
    const window = side.start();
    const packed = side.pack(unpacked);
    let crc: number | undefined;
    if (this.#checksum) {
      crc = nodeBytes.crc32(unpacked, plain === undefined ? 0 : nodeBytes.crc32(plain, 0));
    }
    const unpackedSize = unpacked.length;
    return encodeEnvelope({ plain, packed, unpackedSize, crc, window, windowId }, nodeBytes);
  }

  /**
   * An envelope whose records stay out of every window. It says that there is one, if no other has yet:
   * so the peer knows that these were kept out of it.
   */
  #sealApart(shared: PackedSide): Uint8Array {
    const { records, blobs } = this.encoder;
    const plain = Buffer.concat([
      blobs.bytes.subarray(FRONT, Math.max(FRONT, blobs.position)),
      records.bytes.subarray(FRONT, records.position),
    ]);
    const crc = this.#checksum ? nodeBytes.crc32(plain, 0) : undefined;
    const window = shared.start();
    return encodeEnvelope({ ...NO_BATCH, plain, crc, window, windowId: 0 }, nodeBytes);
  }

  /** The batch is written. While the connection still has it, its memory is not used again. */
  next(envelope: Uint8Array, isGone: boolean): void {
    const memory = this.encoder.records.bytes;
    if (isGone || envelope.buffer !== memory.buffer) giveBatchMemory(memory);
    else this.#busy = memory;
    this.encoder.reset(NOTHING);
  }

  /** Lets go what a link at rest does not need. Calls `say` with what the peer must be told. */
  release(say: (envelope: Uint8Array) => void): void {
    this.encoder.release();
    this.#busy = undefined;
    if (this.#packed !== undefined) this.#release(this.#packed, 0, say);
  }

  /** Lets isolated windows go that nobody has used since `before`. */
  releaseIsolated(before: number, say: (envelope: Uint8Array) => void): void {
    this.#tenants?.release(before, (id, side) => this.#release(side, id, say));
  }

  #release(side: PackedSide, windowId: number, say: (envelope: Uint8Array) => void): void {
    const window = side.release();
    if (window === undefined) return;
    const crc = this.#checksum ? 0 : undefined;
    say(encodeEnvelope({ ...NO_BATCH, crc, window, windowId }, nodeBytes));
  }

  close(): void {
    this.#packed?.close();
    this.#tenants?.close();
  }
}

const NOTHING = new Uint8Array(0);
const NO_BATCH = { plain: undefined, packed: undefined, unpackedSize: 0 };
