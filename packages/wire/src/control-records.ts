import { codeFromWire, processedFromWire } from './codes.ts';
import { MAX_ID, MAX_MESSAGE } from './limits.ts';
import { type ByteReader, protocolError } from './reader.ts';
import type { RecordSink } from './record-sink.ts';
import * as schema from './schema.ts';
import { fromUtf8 } from './utf8.ts';

/*
 * The small records: each function reads the message from where the reader stands to its end, and
 * tells the sink. All throw PROTOCOL for what W-001 to W-005 forbid.
 */

/** Credit of a stream, or of the link (W-042). Credit of 0 is a glitch (W-043). */
export function readCredit(reader: ByteReader, sink: RecordSink): void {
  let id = 0;
  let bytes = 0;
  while (reader.position < reader.end) {
    const tag = reader.varint();
    if (tag === schema.HEAD_ID) id = reader.varint();
    else if (tag === schema.CREDIT_BYTES) bytes = reader.varint();
    else skipUnknown(reader, sink, tag, 3);
  }
  if (bytes === 0) sink.glitch();
  else sink.credit(id, bytes);
}

/** The end of a stream (W-091). */
export function readCancel(reader: ByteReader, sink: RecordSink): void {
  let id = 0;
  let code = 0;
  let processed = 0;
  let message = '';
  while (reader.position < reader.end) {
    const tag = reader.varint();
    if (tag === schema.HEAD_ID) id = reader.varint();
    else if (tag === schema.CANCEL_CODE) code = reader.varint();
    else if (tag === schema.CANCEL_PROCESSED) processed = reader.varint();
    else if (tag === schema.CANCEL_MESSAGE) message = readMessage(reader);
    else skipUnknown(reader, sink, tag, 5);
  }
  sink.cancel(checkStreamId(id), codeFromWire(code), processedFromWire(processed), message);
}

/** The announced or final end of the link (W-100, W-101). */
export function readGoaway(reader: ByteReader, sink: RecordSink): void {
  let lastId = 0;
  let code = 0;
  let final = false;
  let message = '';
  while (reader.position < reader.end) {
    const tag = reader.varint();
    if (tag === schema.HEAD_ID) lastId = reader.varint();
    else if (tag === schema.GOAWAY_CODE) code = reader.varint();
    else if (tag === schema.GOAWAY_MESSAGE) message = readMessage(reader);
    else if (tag === schema.GOAWAY_FINAL) final = reader.varint() !== 0;
    else skipUnknown(reader, sink, tag, 5);
  }
  sink.goaway(lastId, codeFromWire(code), final, message);
}

/** The token of a ping or pong (W-093). */
export function readToken(reader: ByteReader, sink: RecordSink): number {
  let token = 0;
  while (reader.position < reader.end) {
    const tag = reader.varint();
    if (tag === schema.HEAD_ID) token = reader.varint();
    else skipUnknown(reader, sink, tag, 2);
  }
  return token;
}

/** The id itself, when a stream can have it (W-030). */
export function checkStreamId(id: number): number {
  if (id === 0 || id > MAX_ID) throw protocolError(`stream id ${id} does not exist (W-030)`);
  return id;
}

function skipUnknown(reader: ByteReader, sink: RecordSink, tag: number, knownBelow: number): void {
  reader.skip(tag, knownBelow);
  sink.glitch();
}

function readMessage(reader: ByteReader): string {
  const length = reader.length();
  const start = reader.position;
  reader.position = start + length;
  return fromUtf8(reader.bytes, start, start + Math.min(length, MAX_MESSAGE));
}
