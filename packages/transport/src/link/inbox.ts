import {
  BatchDecoder,
  type Envelope,
  EnvelopeDecoder,
  matchPreface,
  PREFACE,
  type RecordSink,
  TpError,
} from '@tp/wire';
import { nodeBytes, unzeroed } from '../node-bytes.ts';
import type { ResolvedLinkOptions } from '../options.ts';
import type { LinkCounters } from '../stats/stats.ts';
import { UnpackedSide } from '../window/windows.ts';
import { isOneHello } from './opening.ts';

/** Stands for the id of a window where there was none. */
export const PLAIN = -1;

/** The receiving end of a link's format: chunks of any size in, records to the sink out. */
export class Inbox {
  readonly #sink: RecordSink;
  readonly #counters: LinkCounters;
  readonly #envelopes: EnvelopeDecoder;
  readonly #decoder: BatchDecoder;
  readonly #unpacked: UnpackedSide;
  readonly #onRestart: (windowId: number) => void;
  #windowId = 0;
  #prefaceSeen = 0;
  #helloSeen = false;
  #checksum = true;
  #closed = false;
  /** All bytes that have come behind the preface. */
  #received = 0;

  /** @param onRestart is called when the peer has started a window anew. */
  constructor(
    options: ResolvedLinkOptions,
    sink: RecordSink,
    counters: LinkCounters,
    onRestart: (windowId: number) => void,
  ) {
    const { limits } = options;
    this.#onRestart = onRestart;
    this.#sink = sink;
    this.#counters = counters;
    this.#envelopes = new EnvelopeDecoder(limits, unzeroed);
    this.#decoder = new BatchDecoder(nodeBytes, limits, sink);
    this.#unpacked = new UnpackedSide(options.codecs.receive, limits.batchUnpacked);
  }

  /** Bytes that wait for the rest of their envelope. */
  get held(): number {
    return this.#envelopes.held;
  }

  /** Where that starts among all bytes that have come. */
  get heldFrom(): number {
    return this.#received - this.#envelopes.held;
  }

  get codecName(): string {
    return this.#unpacked.codecName;
  }

  /**
   * The window that the record at hand came through. `PLAIN`: none, though the peer packs; then it was
   * kept out of them on purpose.
   */
  get windowId(): number {
    if (!this.#decoder.inPlain) return this.#windowId;
    return this.#unpacked.packs ? PLAIN : 0;
  }

  get windowBytes(): number {
    return this.#unpacked.windowBytes;
  }

  /** The peer's hello was read: batches of full size may follow. */
  opened(checksum: boolean): void {
    this.#helloSeen = true;
    this.#checksum = checksum;
    this.#envelopes.opened();
  }

  /**
   * Takes a chunk. False: what came does not start as a link does (W-007).
   *
   * @throws {TpError} with the code that ends the link.
   */
  receive(chunk: Uint8Array): boolean {
    const rest = this.#prefaceSeen < PREFACE.length ? this.#takePreface(chunk) : chunk;
    if (rest === undefined) return false;
    if (rest.length === 0) return true;
    this.#received += rest.length;
    for (const envelope of this.#envelopes.push(rest)) {
      this.#open(envelope);
      if (this.#closed) break;
    }
    return true;
  }

  /** Takes nothing further. */
  close(): void {
    this.#closed = true;
    this.#unpacked.close();
  }

  #takePreface(chunk: Uint8Array): Uint8Array | undefined {
    if (matchPreface(chunk, this.#prefaceSeen) === 'mismatch') return undefined;
    const taken = Math.min(chunk.length, PREFACE.length - this.#prefaceSeen);
    this.#prefaceSeen += taken;
    return chunk.subarray(taken);
  }

  #open(envelope: Envelope): void {
    const { plain, packed, window, windowId } = envelope;
    if (!this.#helloSeen && (packed !== undefined || window !== undefined || windowId !== 0)) {
      throw broken('PROTOCOL', 'a window or a packed batch came before the hello (W-009)');
    }
    if (!this.#helloSeen && !isOneHello(plain)) {
      throw broken('PROTOCOL', 'the first batch is something else than one hello (W-009)');
    }
    const unpacked = this.#unpacked.open(envelope);
    this.#check(envelope, unpacked);
    this.#windowId = windowId;
    if (window !== undefined) {
      if (this.#unpacked.restarted) {
        this.#sink.glitch();
        this.#onRestart(windowId);
      }
    } else if (plain === undefined && packed === undefined) this.#sink.glitch();
    const plainBytes = plain?.length ?? 0;
    this.#counters.received(
      plainBytes + (unpacked?.length ?? 0),
      plainBytes + (packed?.length ?? 0),
    );
    this.#decoder.decode(plain, unpacked);
  }

  #check({ plain, crc }: Envelope, unpacked: Uint8Array | undefined): void {
    if (crc === undefined) {
      if (this.#checksum) throw broken('CHECKSUM', 'a batch came without its checksum (W-017)');
      return;
    }
    const start = plain === undefined ? 0 : nodeBytes.crc32(plain, 0);
    const found = unpacked === undefined ? start : nodeBytes.crc32(unpacked, start);
    if (found !== crc) {
      throw broken('CHECKSUM', 'a batch does not have the checksum that it came with (W-017)');
    }
  }
}

function broken(code: 'PROTOCOL' | 'CHECKSUM', message: string): TpError {
  return new TpError({ code, message });
}
