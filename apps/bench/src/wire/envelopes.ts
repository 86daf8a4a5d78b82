import { nodeBytes } from '@tp/transport';
import {
  BatchDecoder,
  BatchEncoder,
  DEFAULT_LIMITS,
  EnvelopeDecoder,
  type RecordSink,
  sealPlain,
} from '@tp/wire';
import { type Message, writeMessage } from './message.ts';

/**
 * Writes what a new link sends first, without compression: batches of so many messages, each sealed
 * in an envelope with its checksum. An envelope is good until `take` returns.
 */
export function writeEnvelopes(
  messages: readonly Message[],
  batch: number,
  take: (envelope: Uint8Array) => void,
): void {
  const isSecret = (): boolean => false;
  const options = { bytes: nodeBytes, limits: DEFAULT_LIMITS, isSecret, inline: true };
  const encoder = new BatchEncoder(options);
  let id = 0;
  for (const message of messages) {
    id += 1;
    writeMessage(encoder, id, message);
    if (id % batch !== 0 && id < messages.length) continue;
    take(sealPlain(encoder.records, nodeBytes, true));
    encoder.reset();
  }
}

/**
 * Reads what a new link receives first: cuts envelopes, checks their checksums, gives the records to
 * the sink.
 *
 * @throws {Error} when a checksum is wrong.
 */
export function readEnvelopes(chunks: readonly Uint8Array[], sink: RecordSink): void {
  const envelopes = new EnvelopeDecoder(DEFAULT_LIMITS);
  const batches = new BatchDecoder(nodeBytes, DEFAULT_LIMITS, sink);
  envelopes.opened();
  for (const chunk of chunks) {
    for (const { plain, crc } of envelopes.push(chunk)) {
      if (plain === undefined || nodeBytes.crc32(plain, 0) !== crc) {
        throw new Error('an envelope does not have the checksum that it came with');
      }
      batches.decode(plain, undefined);
    }
  }
}
