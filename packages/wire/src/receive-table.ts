import { TpError } from './errors.ts';
import type { Fields } from './fields.ts';
import { type FieldName, type Flaw, fieldName, flawOfValue } from './flaw.ts';
import type { RequestHead, ResponseHead } from './head.ts';
import { FIELD_OVERHEAD } from './limits.ts';
import { FIRST_SLOT, PSEUDO_NAMES } from './schema.ts';

export interface NameEntry {
  readonly kind: 'name';
  readonly size: number;
  readonly name: FieldName;
}

export interface FieldEntry {
  readonly kind: 'field';
  readonly size: number;
  readonly name: FieldName;
  readonly value: string;
  /** What is wrong with the value. */
  readonly flaw: Flaw | undefined;
}

/** A place in a block whose value each head brings. */
export interface Hole {
  /** Index of the value in the flat list. */
  readonly at: number;
  readonly name: FieldName;
  readonly secret: boolean;
}

export interface BlockEntry {
  readonly kind: 'block';
  readonly size: number;
  /** Names and values in turn, pseudo fields first; holes have an empty value. */
  readonly flat: readonly string[];
  readonly holes: readonly Hole[];
  /** How many of its names are pseudo names. */
  readonly pseudos: number;
  /** What is wrong with its names and its fixed values. */
  readonly flaw: Flaw | undefined;
  /** The head itself, made at its first use, when there is nothing to fill. */
  readonly heads: {
    request?: RequestHead | Flaw;
    response?: ResponseHead | Flaw;
    trailers?: Fields | Flaw;
  };
}

export type Entry = NameEntry | FieldEntry | BlockEntry;

/**
 * The receiver's side of a direction's table (W-050 to W-054). What goes in is judged once, so that
 * a head costs what its bytes are and not what they refer to.
 */
export class ReceiveTable {
  readonly #limit: number;
  readonly #slots: (Entry | undefined)[] = [];
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
    for (const name of PSEUDO_NAMES) {
      this.#slots.push({ kind: 'name', size: 0, name: fieldName(name) });
    }
  }

  /** Bytes that the table holds, as W-051 counts them. */
  get bytes(): number {
    return this.#bytes;
  }

  storeName(slot: number, text: string): void {
    const size = text.length + FIELD_OVERHEAD;
    this.store(slot, { kind: 'name', size, name: fieldName(text) });
  }

  storeField(slot: number, name: FieldName, value: string): FieldEntry {
    const size = name.text.length + value.length + FIELD_OVERHEAD;
    const flaw = flawOfValue(name, value);
    const entry: FieldEntry = { kind: 'field', size, name, value, flaw };
    this.store(slot, entry);
    return entry;
  }

  store(slot: number, entry: Entry): void {
    if (slot < FIRST_SLOT || slot >= this.#limit / FIELD_OVERHEAD) {
      throw compression(`slot ${slot} is outside the table (W-052)`);
    }
    while (this.#slots.length <= slot) this.#slots.push(undefined);
    this.#bytes += entry.size - (this.#slots[slot]?.size ?? 0);
    this.#slots[slot] = entry;
    if (this.#bytes > this.#limit) {
      throw compression(
        `the table has grown to ${this.#bytes} bytes, above ${this.#limit} (W-051)`,
      );
    }
  }

  drop(slot: number): void {
    const entry = this.#slots[slot];
    if (entry === undefined || slot < FIRST_SLOT) throw noEntry(slot, 'entry to drop');
    this.#bytes -= entry.size;
    this.#slots[slot] = undefined;
  }

  field(slot: number): FieldEntry {
    const entry = this.#slots[slot];
    if (entry?.kind !== 'field') throw noEntry(slot, 'field');
    return entry;
  }

  name(slot: number): FieldName {
    const entry = this.#slots[slot];
    if (entry === undefined || entry.kind === 'block') throw noEntry(slot, 'name');
    return entry.name;
  }

  block(slot: number): BlockEntry {
    const entry = this.#slots[slot];
    if (entry?.kind !== 'block') throw noEntry(slot, 'block');
    return entry;
  }
}

/** An error of the link: the table cannot be followed. */
export function compression(message: string): TpError {
  return new TpError({ code: 'COMPRESSION', message });
}

function noEntry(slot: number, wanted: string): TpError {
  return compression(`slot ${slot} has no ${wanted} (W-054)`);
}
