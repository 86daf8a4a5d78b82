import { type FieldType, type MessageName, SCHEMA } from './schema.ts';
import { Violation } from './violation.ts';

const VARINT = 0;
const LENGTH = 2;
const FIXED32 = 5;
const WIRE_TYPES: Record<FieldType, readonly number[]> = {
  uint: [VARINT],
  bytes: [LENGTH],
  fixed32: [FIXED32],
  uints: [LENGTH, VARINT],
};

/**
 * A message as a peer wrote it, held to W-001 to W-004 and to the schema. The kit offers no
 * feature, so what the schema does not have is a fault of W-110.
 */
export class Message {
  readonly bytes: Uint8Array;
  readonly #name: MessageName;
  readonly #uints = new Map<number, number[]>();
  readonly #pieces = new Map<number, Uint8Array[]>();
  /** Numbers of the fields, in order. */
  readonly order: number[] = [];
  #at = 0;

  constructor(name: MessageName, bytes: Uint8Array) {
    this.#name = name;
    this.bytes = bytes;
    while (this.#at < bytes.length) this.#field();
  }

  /** The last integer of that number; 0 when there is none (W-005). */
  uint(number: number): number {
    return this.#uints.get(number)?.at(-1) ?? 0;
  }

  /** All integers of that number. */
  uints(number: number): readonly number[] {
    return this.#uints.get(number) ?? [];
  }

  /** The last bytes of that number; undefined when there are none (W-005). */
  piece(number: number): Uint8Array | undefined {
    return this.#pieces.get(number)?.at(-1);
  }

  /** All bytes of that number. */
  pieces(number: number): readonly Uint8Array[] {
    return this.#pieces.get(number) ?? [];
  }

  has(number: number): boolean {
    return this.order.includes(number);
  }

  /** Fails when that field, which is a message, stands twice (W-025). */
  once(number: number): void {
    if (this.pieces(number).length > 1) {
      throw new Violation('W-025', `${this.#name} has field ${number} twice`, this.bytes);
    }
  }

  #field(): void {
    const start = this.#at;
    const tag = this.#varint(this.bytes.length);
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    const type = SCHEMA[this.#name].get(number);
    if (number === 0 || ![0, 1, 2, 5].includes(wireType)) {
      throw this.#broken(
        'W-002',
        `${this.#name} has field ${number} of wire type ${wireType}`,
        start,
      );
    }
    if (type === undefined) {
      throw this.#broken('W-110', `${this.#name} has the unknown field ${number}`, start);
    }
    if (!WIRE_TYPES[type].includes(wireType)) {
      const what = `field ${number} of ${this.#name} has wire type ${wireType}`;
      throw this.#broken('W-003', what, start);
    }
    this.order.push(number);
    if (wireType === VARINT) push(this.#uints, number, this.#varint(this.bytes.length));
    else if (wireType === FIXED32) push(this.#uints, number, this.#four());
    else if (type === 'uints') this.#packed(number);
    else push(this.#pieces, number, this.#piece());
  }

  #packed(number: number): void {
    const length = this.#piece().length;
    const end = this.#at;
    this.#at = end - length;
    while (this.#at < end) push(this.#uints, number, this.#varint(end));
  }

  #varint(end: number): number {
    const start = this.#at;
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#at < end ? this.bytes[this.#at++] : undefined;
      if (byte === undefined) {
        throw this.#broken('W-004', `${this.#name} ends inside an integer`, start);
      }
      value += (byte % 128) * factor;
      if (this.#at - start > 5 || value >= 2 ** 32) {
        throw this.#broken('W-001', `${this.#name} has an integer of 2^32 or more`, start);
      }
      if (byte >= 128) continue;
      if (byte === 0 && this.#at - start > 1) {
        throw this.#broken(
          'W-001',
          `${this.#name} has an integer that is longer than needed`,
          start,
        );
      }
      return value;
    }
  }

  #four(): number {
    const start = this.#at;
    if (this.bytes.length - start < 4) {
      throw this.#broken('W-004', `${this.#name} ends inside four bytes`, start);
    }
    this.#at += 4;
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + start, 4).readUInt32LE();
  }

  #piece(): Uint8Array {
    const start = this.#at;
    const length = this.#varint(this.bytes.length);
    const end = this.#at + length;
    if (end > this.bytes.length) {
      throw this.#broken('W-004', `a field of ${this.#name} reaches beyond it`, start);
    }
    const piece = this.bytes.subarray(this.#at, end);
    this.#at = end;
    return piece;
  }

  #broken(rule: string, what: string, at: number): Violation {
    return new Violation(rule, what, this.bytes, at);
  }
}

function push<T>(map: Map<number, T[]>, number: number, value: T): void {
  const all = map.get(number);
  if (all === undefined) map.set(number, [value]);
  else all.push(value);
}
