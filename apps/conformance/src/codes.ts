/** The codes of docs/protocol.md, section 11, by their number. */
export const CODES = [
  'NO_ERROR',
  'PROTOCOL',
  'INTERNAL',
  'FLOW_CONTROL',
  'COMPRESSION',
  'DECOMPRESSION_LIMIT',
  'CHECKSUM',
  'REFUSED',
  'CANCEL',
  'DEADLINE',
  'TIMEOUT',
  'OVERLOADED',
  'ENHANCE_YOUR_CALM',
  'HEAD_LIMIT',
  'BODY_LIMIT',
  'BODY_LENGTH',
  'UPSTREAM',
  'UNREACHABLE',
] as const;

/** A code of section 11. */
export type Code = (typeof CODES)[number];

/** What a Cancel says of its request, by its number. */
export const PROCESSED = ['MAYBE', 'NO', 'YES'] as const;

/** Whether a request may have taken effect (W-092). */
export type Processed = (typeof PROCESSED)[number];

/** Codecs by their number. */
export const CODECS = ['NONE', 'DEFLATE', 'ZSTD'] as const;

/** A codec that packs. */
export type CodecName = 'DEFLATE' | 'ZSTD';

/** The code of a number; one that section 11 does not have is INTERNAL. */
export function codeOf(number: number): Code {
  return CODES[number] ?? 'INTERNAL';
}
