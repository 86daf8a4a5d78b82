import { FIELD_OVERHEAD } from './limits.ts';
import { FIRST_SLOT, OP_DROP, OP_NAME, PSEUDO_NAMES } from './schema.ts';

/** What a slot of the sending table holds. `epoch` tells when it was last used. */
export interface SendEntry {
  readonly slot: number;
  readonly size: number;
  epoch: number;
  /** Called when the slot is taken for something else. */
  readonly onEvict: () => void;
}

/** What is known about a field's name: the slot that has it, and the stored fields of that name. */
export interface NameInfo {
  readonly name: string;
  /** Whether its values must stay out of the window (W-060). */
  readonly secret: boolean;
  entry: SendEntry | undefined;
  readonly fields: Map<string, SendEntry>;
}

/** Entries larger than this share of the table are not worth their place. */
const LARGEST_SHARE = 1 / 8;

/**
 * The sender's side of a direction's table. It alone decides what is stored and what makes room
 * (W-050, W-051): the entry that was used longest ago goes, found by a clock hand.
 */
export class SendTable {
  readonly #limit: number;
  readonly #isSecret: (name: string) => boolean;
  readonly #entries: (SendEntry | undefined)[] = [];
  readonly #names = new Map<string, NameInfo>();
  readonly #freeSlots: number[] = [];
  #bytes = 0;
  #epoch = 1;
  #hand = FIRST_SLOT;

  constructor(limit: number, isSecret: (name: string) => boolean) {
    this.#limit = limit;
    this.#isSecret = isSecret;
    for (const [slot, name] of PSEUDO_NAMES.entries()) {
      const entry: SendEntry = { slot, size: 0, epoch: Infinity, onEvict: () => {} };
      this.#entries.push(entry);
      this.#names.set(name, { name, secret: false, entry, fields: new Map() });
    }
  }

  /** Starts a head: what it uses from now on is not evicted before it is written. */
  begin(): void {
    this.#epoch++;
  }

  touch(entry: SendEntry): void {
    if (entry.epoch < this.#epoch) entry.epoch = this.#epoch;
  }

  /**
   * What is known of a name, storing it when it is new (its operation goes to `ops`, its text to
   * `texts`). `entry` stays undefined when the table has no room for it.
   */
  name(name: string, ops: number[], texts: string[]): NameInfo {
    let info = this.#names.get(name);
    if (info === undefined) {
      info = { name, secret: this.#isSecret(name), entry: undefined, fields: new Map() };
      this.#names.set(name, info);
    }
    if (info.entry !== undefined) {
      this.touch(info.entry);
      return info;
    }
    const known = info;
    const entry = this.store(name.length + FIELD_OVERHEAD, ops, () => {
      known.entry = undefined;
      this.#forget(known);
    });
    if (entry === undefined) {
      this.#forget(info);
      return info;
    }
    info.entry = entry;
    ops.push(OP_NAME, entry.slot);
    texts.push(name);
    return info;
  }

  /** The stored field of that value, or undefined. */
  field(info: NameInfo, value: string): SendEntry | undefined {
    const entry = info.fields.get(value);
    if (entry !== undefined) this.touch(entry);
    return entry;
  }

  /** Room for a field; undefined when there is none. The caller writes the operation that stores it. */
  storeField(info: NameInfo, value: string, ops: number[]): SendEntry | undefined {
    const size = info.name.length + value.length + FIELD_OVERHEAD;
    const entry = this.store(size, ops, () => {
      info.fields.delete(value);
      this.#forget(info);
    });
    if (entry !== undefined) info.fields.set(value, entry);
    return entry;
  }

  /** Room for an entry of that size; what has to go is dropped in `ops`. Undefined when there is none. */
  store(size: number, ops: number[], onEvict: () => void): SendEntry | undefined {
    if (size > this.#limit * LARGEST_SHARE) return undefined;
    while (this.#bytes + size > this.#limit) {
      if (!this.#evictOne(ops)) return undefined;
    }
    const slot = this.#freeSlots.pop() ?? this.#entries.length;
    if (slot >= this.#limit / FIELD_OVERHEAD) return undefined;
    const entry: SendEntry = { slot, size, epoch: this.#epoch, onEvict };
    this.#entries[slot] = entry;
    this.#bytes += size;
    return entry;
  }

  /** Empties an entry's slot, saying so in `ops`. */
  drop(entry: SendEntry, ops: number[]): void {
    this.#entries[entry.slot] = undefined;
    this.#freeSlots.push(entry.slot);
    this.#bytes -= entry.size;
    ops.push(OP_DROP, entry.slot);
    entry.onEvict();
  }

  #evictOne(ops: number[]): boolean {
    const entries = this.#entries;
    const recent = this.#epoch - (entries.length >> 1);
    for (const oldest of [recent, this.#epoch]) {
      for (let step = 0; step < entries.length; step++) {
        const entry = entries[this.#hand];
        this.#hand = this.#hand + 1 < entries.length ? this.#hand + 1 : FIRST_SLOT;
        if (entry === undefined || entry.epoch >= oldest) continue;
        this.drop(entry, ops);
        return true;
      }
    }
    return false;
  }

  #forget(info: NameInfo): void {
    if (info.entry === undefined && info.fields.size === 0) this.#names.delete(info.name);
  }
}
