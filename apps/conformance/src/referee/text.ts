import { Violation } from './violation.ts';

/** Text for people, held to W-006: UTF-8 of at most `most` bytes. */
export function readText(what: string, bytes: Uint8Array | undefined, most: number): string {
  if (bytes === undefined) return '';
  if (bytes.length > most) {
    throw new Violation('W-006', `${what} has ${bytes.length} bytes, above ${most}`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Violation('W-006', `${what} is no UTF-8`, bytes);
  }
}
