import { nodeBytes, type Packer, zstd } from '@tp/transport';
import { BatchDecoder, BatchEncoder, DEFAULT_LIMITS, FRONT, type WireLimits } from '@tp/wire';
import { ComparingSink } from '../wire/comparing-sink.ts';
import { writeMessage } from '../wire/message.ts';
import type { Story } from './stories.ts';

/** How heads are written. */
export interface HeadWriting {
  /** `zstd` is what a link packs with by default: level 1, one window for all of them. */
  readonly codec: 'none' | 'zstd';
  /** How many heads a batch has; each batch ends in a flush. */
  readonly batch: number;
  /** Default: `DEFAULT_LIMITS`. */
  readonly limits?: WireLimits;
}

/** Names whose values stay out of the window (W-060). */
const SECRET = new Set([
  'authorization',
  'cookie',
  'set-cookie',
  'proxy-authorization',
  'x-api-key',
]);

/**
 * Writes heads as one direction of a new link does, and reads them again.
 *
 * @returns the bytes of their records, tags and lengths counted: what is packed as it is when packed,
 * and blobs, which are not packed. Envelopes are not counted.
 * @throws {Error} when a head does not come out as it went in.
 */
export function countHeadBytes(
  heads: Story['heads'],
  { codec, batch, limits = DEFAULT_LIMITS }: HeadWriting,
): number {
  const inline = codec === 'none';
  const isSecret = (name: string): boolean => SECRET.has(name.toLowerCase());
  const encoder = new BatchEncoder({ bytes: nodeBytes, limits, isSecret, inline });
  const read = new ComparingSink();
  const decoder = new BatchDecoder(nodeBytes, limits, read);
  const packer: Packer | undefined = inline ? undefined : zstd.packer(zstd.windowLog);
  const messages = heads.map((head) => ({ head, body: undefined }));
  let bytes = 0;
  try {
    for (let start = 0; start < messages.length; start += batch) {
      const part = messages.slice(start, start + batch);
      for (const [i, message] of part.entries()) writeMessage(encoder, start + i + 1, message);
      const records = encoder.records.bytes.slice(FRONT, encoder.records.position);
      const blobs = encoder.blobs.bytes.slice(FRONT, encoder.blobs.position);
      encoder.reset();
      bytes += blobs.length + (packer === undefined ? records : packer.pack(records)).length;
      decoder.decode(blobs, records);
      read.compare(part);
    }
    return bytes;
  } finally {
    packer?.close();
  }
}
