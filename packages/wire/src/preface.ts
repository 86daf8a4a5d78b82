/** The eight bytes that open each direction of a link: `ô tp/1 CR LF NUL` (W-007). */
export const PREFACE: Uint8Array = Uint8Array.of(0xf4, 0x74, 0x70, 0x2f, 0x31, 0x0d, 0x0a, 0x00);

/** The name of the protocol in TLS ALPN (W-008). */
export const ALPN = 'tp/1';

/**
 * Compares bytes with the preface, of which `seen` bytes have matched before: `"match"` when all
 * eight are there then, `"partial"` while it can still become one, `"mismatch"` otherwise.
 */
export function matchPreface(bytes: Uint8Array, seen = 0): 'match' | 'partial' | 'mismatch' {
  const length = Math.min(bytes.length, PREFACE.length - seen);
  for (let i = 0; i < length; i++) {
    if (bytes[i] !== PREFACE[seen + i]) return 'mismatch';
  }
  return seen + length === PREFACE.length ? 'match' : 'partial';
}
