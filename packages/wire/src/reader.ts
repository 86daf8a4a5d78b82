import { TpError } from './errors.ts';
import { BYTES, FIXED32, FIXED64, VARINT } from './schema.ts';

/**
 * Walks over one protobuf message. `enter` sets the range; reading beyond it is PROTOCOL (W-004).
 * One reader serves a whole batch, so nothing is allocated per record.
 */
export class ByteReader {
  bytes: Uint8Array = EMPTY;
  position = 0;
  end = 0;

  enter(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  /** A `uint32`: at most five bytes, below 2^32 (W-001). */
  varint(): number {
    const bytes = this.bytes;
    const first = this.position < this.end ? (bytes[this.position++] ?? 0) : truncated();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.position < this.end ? (bytes[this.position++] ?? 0) : truncated();
      if (shift === 28) {
        if (byte > 0x0f)
          throw protocolError('an integer is longer than five bytes or above 2^32 - 1 (W-001)');
        return value + byte * 0x10000000;
      }
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return value;
  }

  /** The length of a field of bytes, checked against what is left; the caller moves `position`. */
  length(): number {
    const length = this.varint();
    if (length > this.end - this.position) truncated();
    return length;
  }

  fixed32(): number {
    const at = this.position;
    if (this.end - at < 4) truncated();
    this.position = at + 4;
    const b = this.bytes;
    return (
      ((b[at] ?? 0) |
        ((b[at + 1] ?? 0) << 8) |
        ((b[at + 2] ?? 0) << 16) |
        ((b[at + 3] ?? 0) << 24)) >>>
      0
    );
  }

  /**
   * Skips the value behind an unknown tag (W-002).
   *
   * @throws {TpError} PROTOCOL when the tag is a known field's number with another wire type
   * (`knownBelow` is the first number that is not in the schema), a group, or number 0.
   */
  skip(tag: number, knownBelow: number): void {
    const number = tag >>> 3;
    if (number === 0) throw protocolError('a field has the number 0 (W-002)');
    if (number < knownBelow) {
      throw protocolError(`field ${number} has wire type ${tag & 7}, which is not its own (W-003)`);
    }
    switch (tag & 7) {
      case VARINT:
        this.#skipVarint();
        return;
      case FIXED64:
        this.#skipBytes(8);
        return;
      case BYTES:
        this.#skipBytes(this.length());
        return;
      case FIXED32:
        this.#skipBytes(4);
        return;
      default:
        throw protocolError(`wire type ${tag & 7} of field ${number} does not exist (W-002)`);
    }
  }

  #skipVarint(): void {
    for (let i = 0; i < 10; i++) {
      const byte = this.position < this.end ? (this.bytes[this.position++] ?? 0) : truncated();
      if (byte < 0x80) return;
    }
    throw protocolError('an integer is longer than ten bytes (W-001)');
  }

  #skipBytes(count: number): void {
    if (count > this.end - this.position) truncated();
    this.position += count;
  }
}

const EMPTY = new Uint8Array(0);

/** An error of the link for bytes that break the rules of `docs/protocol.md`. */
export function protocolError(message: string): TpError {
  return new TpError({ code: 'PROTOCOL', message });
}

function truncated(): never {
  throw protocolError('a message ends in the middle of a field (W-004)');
}
