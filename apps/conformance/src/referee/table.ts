import type { TextField } from './said.ts';
import { Violation } from './violation.ts';

/** A field of a block whose value each head brings; `at` is its place. */
export interface Hole {
  readonly at: number;
  /** It was made by SECRET, so that a blob fills it. */
  readonly secret: boolean;
}

/** A whole head; the values of its holes are empty. */
export interface Block {
  readonly fields: readonly TextField[];
  readonly holes: readonly Hole[];
}

type Entry =
  | { readonly kind: 'name'; readonly size: number; readonly name: string }
  | { readonly kind: 'field'; readonly size: number; readonly field: TextField }
  | { readonly kind: 'block'; readonly size: number; readonly block: Block };

const FREE_NAMES = [':method', ':path', ':status', ':reason'];

/** The peer's table, as its receiver must see it (W-050 to W-054, W-065). */
export class Table {
  readonly #limit: number;
  readonly #slots = new Map<number, Entry>();
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
    for (const [slot, name] of FREE_NAMES.entries()) {
      this.#slots.set(slot, { kind: 'name', size: 0, name });
    }
  }

  name(slot: number): string {
    const entry = this.#slots.get(slot);
    if (entry?.kind === 'name') return entry.name;
    if (entry?.kind === 'field') return entry.field[0];
    throw absent(slot, 'name', entry);
  }

  field(slot: number): TextField {
    const entry = this.#slots.get(slot);
    if (entry?.kind === 'field') return entry.field;
    throw absent(slot, 'field', entry);
  }

  block(slot: number): Block {
    const entry = this.#slots.get(slot);
    if (entry?.kind === 'block') return entry.block;
    throw absent(slot, 'block', entry);
  }

  storeName(slot: number, name: string): void {
    this.#store(slot, { kind: 'name', size: name.length + 32, name });
  }

  storeField(slot: number, name: string, value: string): TextField {
    const field: TextField = [name, value];
    this.#store(slot, { kind: 'field', size: name.length + value.length + 32, field });
    return field;
  }

  keep(slot: number, fields: readonly TextField[], holes: readonly Hole[]): void {
    const kept = fields.map((field): TextField => [...field]);
    for (const { at } of holes) kept[at] = [kept[at]?.[0] ?? '', ''];
    let size = 32;
    for (const [name, value] of kept) size += 32 + name.length + value.length;
    this.#store(slot, { kind: 'block', size, block: { fields: kept, holes: [...holes] } });
  }

  drop(slot: number): void {
    const entry = this.#slots.get(slot);
    if (entry === undefined || slot < FREE_NAMES.length)
      throw new Violation('W-065', `DROP of slot ${slot}, which has nothing to drop`);
    this.#size -= entry.size;
    this.#slots.delete(slot);
  }

  #store(slot: number, entry: Entry): void {
    if (slot < FREE_NAMES.length || slot >= this.#limit / 32) {
      throw new Violation('W-052', `slot ${slot} is outside a table of ${this.#limit} bytes`);
    }
    this.#size += entry.size - (this.#slots.get(slot)?.size ?? 0);
    this.#slots.set(slot, entry);
    if (this.#size > this.#limit) {
      throw new Violation('W-051', `the table grew to ${this.#size} bytes, above ${this.#limit}`);
    }
  }
}

function absent(slot: number, wanted: string, found: Entry | undefined): Violation {
  return new Violation('W-054', `slot ${slot} has no ${wanted}, but ${found?.kind ?? 'nothing'}`);
}
