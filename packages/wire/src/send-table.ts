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
 * (W-050, W-051): an entry that was not used for long goes, found by a clock hand.
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
  /** No entry was last used before this epoch: a search for an older one is of no use. */
  #coldest = 0;
  /** The epoch in which every entry was found in use. */
  #fullIn = 0;

  constructor(limit: number, isSecret: (name: string) => boolean) {
    this.#limit = limit;
    this.#isSecret = isSecret;
    for (const [slot, name] of PSEUDO_NAMES.entries()) {
      const entry: SendEntry = { slot, size: 0, epoch: Infinity, onEvict: () => {} };
      this.#entries.push(entry);
      this.#names.set(name, { name, secret: false, entry, fields: new Map() });
    }
  }

  /** Starts a head: what it uses from now on is kept while others can go. */
  begin(): void {
    this.#epoch++;
  }

  touch(entry: SendEntry): void {
    if (entry.epoch < this.#epoch) entry.epoch = this.#epoch;
  }

  /** Whether a name of that length can be stored when all else goes. */
  canHold(nameLength: number): boolean {
    return nameLength + FIELD_OVERHEAD <= this.#limit && FIRST_SLOT < this.#limit / FIELD_OVERHEAD;
  }

  isSecret(name: string): boolean {
    return this.#names.get(name)?.secret ?? this.#isSecret(name);
  }

  /**
   * What is known of a name, storing it when it is new (its operation goes to `ops`, its text to
   * `texts`). `entry` stays undefined when the table has no room for it; with `forced`, room is
   * made for the name of a secret whatever has to go, and there always is when `canHold` says so.
   */
  name(name: string, ops: number[], texts: string[], forced: boolean): NameInfo {
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
    const onEvict = () => {
      known.entry = undefined;
      this.#forget(known);
    };
    const size = name.length + FIELD_OVERHEAD;
    const entry = this.store(size, ops, onEvict, forced && info.secret);
    if (entry === undefined) {
      this.#forget(info);
      return info;
    }
    this.#names.set(name, info);
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
    if (entry === undefined) return undefined;
    if (!this.#names.has(info.name)) this.#names.set(info.name, info);
    info.fields.set(value, entry);
    return entry;
  }

  /** Room for an entry of that size; what has to go is dropped in `ops`. Undefined when there is none. */
  store(size: number, ops: number[], onEvict: () => void, forced = false): SendEntry | undefined {
    if (size > this.#limit * LARGEST_SHARE && !forced) return undefined;
    while (this.#bytes + size > this.#limit || !this.#hasSlot()) {
      if (!this.#makeRoom(ops, forced)) return undefined;
    }
    const slot = this.#freeSlots.pop() ?? this.#entries.length;
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

  #hasSlot(): boolean {
    return this.#freeSlots.length > 0 || this.#entries.length < this.#limit / FIELD_OVERHEAD;
  }

  /** Evicts an entry that is cold, else one that this head does not use, else, when forced, any. */
  #makeRoom(ops: number[], forced: boolean): boolean {
    const cold = this.#epoch - (this.#entries.length >> 1);
    if (cold > this.#coldest) {
      const found = this.#evictBefore(cold, ops);
      if (found === undefined) return true;
      this.#coldest = found;
    }
    if (this.#fullIn < this.#epoch) {
      if (this.#evictBefore(this.#epoch, ops) === undefined) return true;
      this.#fullIn = this.#epoch;
    }
    return forced && this.#evictBefore(Infinity, ops) === undefined;
  }

  /** Evicts the next entry that was last used before that epoch; when there is none, gives the lowest. */
  #evictBefore(epoch: number, ops: number[]): number | undefined {
    const entries = this.#entries;
    let lowest = this.#epoch;
    for (let step = FIRST_SLOT; step < entries.length; step++) {
      if (this.#hand >= entries.length) this.#hand = FIRST_SLOT;
      const entry = entries[this.#hand++];
      if (entry === undefined) continue;
      if (entry.epoch < epoch) {
        this.drop(entry, ops);
        return undefined;
      }
      lowest = Math.min(lowest, entry.epoch);
    }
    return lowest;
  }

  #forget(info: NameInfo): void {
    if (info.entry !== undefined || info.fields.size > 0) return;
    if (this.#names.get(info.name) === info) this.#names.delete(info.name);
  }
}
