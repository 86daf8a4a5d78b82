import type { ErrorCode, Processed } from './errors.ts';

/** The codes that travel, by their number on the wire (`docs/protocol.md`, section 11). */
export const WIRE_CODES: readonly ErrorCode[] = [
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
];

const PROCESSED: readonly Processed[] = ['maybe', 'no', 'yes'];
const INTERNAL = WIRE_CODES.indexOf('INTERNAL');

/** A code's number on the wire; codes that never travel are said as INTERNAL. */
export function codeToWire(code: ErrorCode): number {
  const number = WIRE_CODES.indexOf(code);
  return number < 0 ? INTERNAL : number;
}

/** The code of a number; unknown numbers mean INTERNAL (section 11). */
export function codeFromWire(number: number): ErrorCode {
  return WIRE_CODES[number] ?? 'INTERNAL';
}

/** `processed` as the number of enum `Processed`. */
export function processedToWire(processed: Processed): number {
  return PROCESSED.indexOf(processed);
}

/** The `processed` of a number; unknown numbers mean "maybe". */
export function processedFromWire(number: number): Processed {
  return PROCESSED[number] ?? 'maybe';
}
