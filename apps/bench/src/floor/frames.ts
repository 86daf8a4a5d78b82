const HEADER_BYTES = 8;
/** Enough for 1000 answers of 260 bytes; grows when a turn brings more. */
const INITIAL_BYTES = 1 << 19;

/** Gathers frames (4-byte length, 4-byte id, payload) until they are taken for one write. */
export class FrameWriter {
  private bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  private used = 0;

  /** Adds a frame; true when it is the first since the last `take`. */
  add(id: number, payload: Uint8Array): boolean {
    const start = this.used;
    const end = start + HEADER_BYTES + payload.length;
    if (end > this.bytes.length) this.grow(end);
    const bytes = this.bytes;
    writeUint32(bytes, start, payload.length);
    writeUint32(bytes, start + 4, id);
    bytes.set(payload, start + HEADER_BYTES);
    this.used = end;
    return start === 0;
  }

  /** What was gathered. The memory is the caller's from here on. */
  take(): Uint8Array {
    const taken = this.bytes.subarray(0, this.used);
    const rest = this.bytes.length - this.used;
    this.bytes =
      rest > INITIAL_BYTES / 4 ? this.bytes.subarray(this.used) : Buffer.allocUnsafe(INITIAL_BYTES);
    this.used = 0;
    return taken;
  }

  private grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.used));
    this.bytes = larger;
  }
}

/** Cuts what arrives into frames and hands each one on as the bytes and the range of its payload. */
export class FrameReader {
  private rest: Buffer | undefined;
  private readonly onFrame: (id: number, bytes: Buffer, start: number, end: number) => void;

  constructor(onFrame: (id: number, bytes: Buffer, start: number, end: number) => void) {
    this.onFrame = onFrame;
  }

  /** Takes the next bytes of the stream. */
  push(chunk: Buffer): void {
    const bytes = this.rest === undefined ? chunk : Buffer.concat([this.rest, chunk]);
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const end = at + HEADER_BYTES + readUint32(bytes, at);
      if (end > bytes.length) break;
      this.onFrame(readUint32(bytes, at + 4), bytes, at + HEADER_BYTES, end);
      at = end;
    }
    this.rest = at === bytes.length ? undefined : bytes.subarray(at);
  }
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)) >>>
    0
  );
}
