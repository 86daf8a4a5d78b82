import { crc32 } from 'node:zlib';
import { CODECS, type CodecName } from '../codes.ts';
import { bytes, concat, fixed32, uint, varint } from './protobuf.ts';

/** The eight bytes that each side starts with (W-007). */
export const PREFACE: Uint8Array = Buffer.from('f474702f310d0a00', 'hex');

/** The parts of an envelope; those that are left out are not written. */
export interface EnvelopeParts {
  readonly plain?: Uint8Array | undefined;
  readonly packed?: Uint8Array | undefined;
  readonly unpackedSize?: number | undefined;
  readonly crc?: number | undefined;
  readonly window?: Uint8Array | undefined;
  readonly windowId?: number | undefined;
  /** Put behind everything else. */
  readonly extra?: Uint8Array | undefined;
}

/** The content of message Envelope. */
export function envelope(parts: EnvelopeParts): Uint8Array {
  const { plain, packed, unpackedSize, crc, window, windowId, extra } = parts;
  return concat(
    plain === undefined ? '' : bytes(1, plain),
    packed === undefined ? '' : bytes(2, packed),
    unpackedSize === undefined ? '' : uint(3, unpackedSize),
    crc === undefined ? '' : fixed32(4, crc),
    window === undefined ? '' : bytes(5, window),
    windowId === undefined ? '' : uint(6, windowId),
    extra ?? '',
  );
}

/** An envelope behind its length (W-010). */
export function behindLength(content: Uint8Array): Uint8Array {
  return concat(varint(content.length), content);
}

/** A batch that is all `plain`, with its checksum (W-017). */
export function plainEnvelope(plain: Uint8Array): Uint8Array {
  return behindLength(envelope({ plain, crc: crc32(plain) }));
}

/** The content of message WindowStart (W-070). */
export function windowStart(codec: CodecName | 'NONE', windowLog: number): Uint8Array {
  return concat(uint(1, CODECS.indexOf(codec)), uint(2, windowLog));
}
