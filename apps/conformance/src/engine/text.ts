/** Bytes as text, each one character. */
export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

/** Bytes as `/bytes/N` has them: byte _i_ is _i_ mod 251. */
export function counted(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i % 251);
}
