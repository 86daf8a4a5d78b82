import { FRONT } from './batch-encoder.ts';
import type { ByteOps } from './bytes.ts';
import type { Envelope } from './envelope.ts';
import { codecToWire } from './hello.ts';
import * as schema from './schema.ts';
import { ByteWriter, varintLength } from './writer.ts';

/** Bytes that an envelope adds to its `plain` and `packed` at most. */
const OVERHEAD = 48;

/** Lays out an envelope behind its length (W-010). */
export function encodeEnvelope(envelope: Envelope, ops: ByteOps): Uint8Array {
  const plain = envelope.plain ?? EMPTY;
  const packed = envelope.packed ?? EMPTY;
  const window = envelope.window;
  const codec = window === undefined ? 0 : codecToWire(window.codec);
  const windowLog = window?.windowLog ?? 0;
  const windowLength = (codec === 0 ? 0 : 2) + (windowLog === 0 ? 0 : 2);
  const writer = new ByteWriter(ops, plain.length + packed.length + OVERHEAD);
  const length =
    bytesLength(plain) +
    bytesLength(packed) +
    (envelope.unpackedSize > 0 ? 1 + varintLength(envelope.unpackedSize) : 0) +
    (envelope.crc === undefined ? 0 : 5) +
    (window === undefined ? 0 : 2 + windowLength) +
    (envelope.windowId > 0 ? 1 + varintLength(envelope.windowId) : 0);
  writer.varint(length);
  if (plain.length > 0) writer.bytesField(schema.ENVELOPE_PLAIN, plain);
  if (packed.length > 0) writer.bytesField(schema.ENVELOPE_PACKED, packed);
  writer.varintField(schema.ENVELOPE_UNPACKED_SIZE, envelope.unpackedSize);
  if (envelope.crc !== undefined) {
    writer.byte(schema.ENVELOPE_CRC);
    writer.fixed32(envelope.crc);
  }
  if (window !== undefined) {
    writer.byte(schema.ENVELOPE_WINDOW);
    writer.byte(windowLength);
    writer.varintField(0x08, codec);
    writer.varintField(0x10, windowLog);
  }
  writer.varintField(schema.ENVELOPE_WINDOW_ID, envelope.windowId);
  return writer.bytes.subarray(0, writer.position);
}

/**
 * Makes an envelope of a batch that is all `plain`, where it stands: length and tags go into the
 * room in front of the records, the CRC behind them. Nothing is copied.
 */
export function sealPlain(records: ByteWriter, ops: ByteOps, checksum: boolean): Uint8Array {
  const size = records.position - FRONT;
  if (checksum) {
    const crc = ops.crc32(records.bytes.subarray(FRONT, records.position), 0);
    records.ensure(5);
    records.byte(schema.ENVELOPE_CRC);
    records.fixed32(crc);
  }
  const end = records.position;
  const front = 1 + varintLength(size);
  const start = FRONT - front - varintLength(front + end - FRONT);
  records.position = start;
  records.varint(front + end - FRONT);
  records.byte(schema.ENVELOPE_PLAIN);
  records.varint(size);
  return records.bytes.subarray(start, end);
}

const EMPTY = new Uint8Array(0);

function bytesLength(piece: Uint8Array): number {
  return piece.length === 0 ? 0 : 1 + varintLength(piece.length) + piece.length;
}
