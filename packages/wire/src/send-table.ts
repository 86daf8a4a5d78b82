import { Habit } from './habit.ts';
import { FIELD_OVERHEAD } from './limits.ts';
import { FIRST_SLOT, OP_DROP, OP_NAME, PSEUDO_NAMES } from './schema.ts';
import { SHORT_END, Slots } from './slots.ts';

/** What a slot of the sending table holds. */
export interface SendEntry {
  readonly slot: number;
  readonly size: number;
  /** The head that used it last, counted from the first. */
  epoch: number;
  /** Whether it was used since it was stored, or since the search for room passed it. */
  used: boolean;
  /** What it is stored for. */
  readonly holder: Holder;
  /** A field's value; undefined for a name by itself and for a block. */
  readonly value: string | undefined;
}

/** A name, which has the slot for itself or for a field of it; for a block, what is called when the slot is taken for something else. */
type Holder = NameInfo | (() => void);

/** What is known about a field's name: a slot that has it, and the stored fields of that name. */
export interface NameInfo {
  readonly name: string;
  /** Whether its values must stay out of the window (W-060). */
  readonly secret: boolean;
  /** The name by itself or a field of it: either names it in a program. */
  entry: SendEntry | undefined;
  /** The name by itself. The first field that is stored takes its place. */
  bare: SendEntry | undefined;
  readonly fields: Map<string, SendEntry>;
  readonly habit: Habit;
}

/** An entry that is to be stored. */
interface Storing {
  readonly size: number;
  /** Whether it will be named often, and a slot with a short number is wanted. */
  readonly short: boolean;
  readonly holder: Holder;
  readonly value?: string | undefined;
  /** The entry whose place it takes. */
  readonly over?: SendEntry | undefined;
  /** Room is made for it whatever has to go. */
  readonly forced?: boolean;
}

/** Entries larger than this share of the table are not worth their place. */
const LARGEST_SHARE = 1 / 8;

/**
 * The sender's side of a direction's table. It alone decides what is stored and what makes room
 * (W-050, W-051): a clock hand looks for an entry that was not used since it passed last.
 */
export class SendTable {
  readonly #limit: number;
  readonly #isSecret: (name: string) => boolean;
  readonly #entries: (SendEntry | undefined)[] = [];
  readonly #names = new Map<string, NameInfo>();
  readonly #slots: Slots;
  #bytes = 0;
  #epoch = 1;
  #hand = FIRST_SLOT;

  constructor(limit: number, isSecret: (name: string) => boolean) {
    this.#limit = limit;
    this.#isSecret = isSecret;
    this.#slots = new Slots(Math.ceil(limit / FIELD_OVERHEAD));
    for (const [slot, name] of PSEUDO_NAMES.entries()) {
      const info = newInfo(name, false);
      info.entry = { slot, size: 0, epoch: 0, used: true, holder: info, value: undefined };
      this.#entries.push(info.entry);
      this.#names.set(name, info);
    }
  }

  /** Lets go what a table at rest does not need: which values were met. */
  rest(): void {
    for (const { habit } of this.#names.values()) habit.forget();
  }

  /** Starts a head: what it uses from now on is kept while others can go. */
  begin(): void {
    this.#epoch++;
  }

  touch(entry: SendEntry): void {
    entry.epoch = this.#epoch;
    entry.used = true;
  }

  /** Whether a name of that length can be stored when all else goes. */
  canHold(nameLength: number): boolean {
    return nameLength + FIELD_OVERHEAD <= this.#limit && FIRST_SLOT < this.#limit / FIELD_OVERHEAD;
  }

  isSecret(name: string): boolean {
    return this.#names.get(name)?.secret ?? this.#isSecret(name);
  }

  /** What is known of a name. Its entry may be missing: `storeName` comes before it is used. */
  name(name: string): NameInfo {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const info = newInfo(name, this.#isSecret(name));
    this.#names.set(name, info);
    return info;
  }

  /** A slot that names it, if one does. */
  slotOf(name: string): number | undefined {
    return this.#names.get(name)?.entry?.slot;
  }

  /**
   * Makes sure that a slot has the name: if none has, it is stored (its operation goes to `ops`, its
   * text to `texts`). `entry` stays undefined when the table has no room for it; with `forced`, room
   * is made for the name of a secret whatever has to go, and there always is when `canHold` says so.
   */
  storeName(info: NameInfo, ops: number[], texts: string[], forced: boolean): void {
    if (info.entry !== undefined) {
      this.touch(info.entry);
      return;
    }
    const size = info.name.length + FIELD_OVERHEAD;
    const forces = forced && info.secret;
    const entry = this.store({ size, short: true, holder: info, forced: forces }, ops);
    if (entry === undefined) {
      this.#passOn(info);
      return;
    }
    this.#names.set(info.name, info);
    info.entry = entry;
    info.bare = entry;
    ops.push(OP_NAME, entry.slot);
    texts.push(info.name);
  }

  /** The stored field of that value, or undefined. */
  field(info: NameInfo, value: string): SendEntry | undefined {
    const entry = info.fields.get(value);
    if (entry !== undefined) this.touch(entry);
    return entry;
  }

  /** Whether a field can be stored without anything having to go for it. */
  hasRoom(info: NameInfo, value: string): boolean {
    return this.#bytes + info.name.length + value.length + FIELD_OVERHEAD <= this.#limit;
  }

  /**
   * Room for a field; undefined when there is none. The caller writes the operation that stores it.
   *
   * @param short whether it will be named often.
   */
  storeField(info: NameInfo, value: string, short: boolean, ops: number[]): SendEntry | undefined {
    const size = info.name.length + value.length + FIELD_OVERHEAD;
    const entry = this.store({ size, short, holder: info, value, over: info.bare }, ops);
    if (entry === undefined) return undefined;
    this.#names.set(info.name, info);
    info.fields.set(value, entry);
    const named = info.entry?.slot ?? Infinity;
    if (entry.slot < SHORT_END && named >= SHORT_END) info.entry = entry;
    else info.entry ??= entry;
    return entry;
  }

  /**
   * Room for an entry; undefined when there is none. What has to go for it is dropped in `ops`, but
   * for the one whose slot it takes: storing replaces that (W-053).
   */
  store(
    { size, short, holder, value, over, forced = false }: Storing,
    ops: number[],
  ): SendEntry | undefined {
    if (size > this.#limit * LARGEST_SHARE && !forced) return undefined;
    let spare = over;
    let slot: number | undefined;
    for (;;) {
      if (this.#bytes - (spare?.size ?? 0) + size <= this.#limit) {
        slot = spare?.slot ?? this.#slots.take(short);
        if (slot !== undefined) break;
      }
      const victim = this.#victim(forced, spare);
      if (victim === undefined) return undefined;
      if (spare === undefined) spare = victim;
      else this.drop(victim, ops);
    }
    if (spare !== undefined) this.#remove(spare);
    const entry: SendEntry = { slot, size, epoch: this.#epoch, used: false, holder, value };
    while (this.#entries.length < slot) this.#entries.push(undefined);
    this.#entries[slot] = entry;
    this.#bytes += size;
    return entry;
  }

  /** Empties an entry's slot, saying so in `ops`. */
  drop(entry: SendEntry, ops: number[]): void {
    this.#remove(entry);
    this.#slots.free(entry.slot);
    ops.push(OP_DROP, entry.slot);
  }

  #remove(entry: SendEntry): void {
    this.#entries[entry.slot] = undefined;
    this.#bytes -= entry.size;
    const { holder, value } = entry;
    if (typeof holder === 'function') holder();
    else if (value === undefined) {
      if (holder.entry === entry) this.#passOn(holder);
      holder.bare = undefined;
    } else {
      holder.fields.delete(value);
      if (holder.entry === entry) this.#passOn(holder);
    }
  }

  /** The next entry that neither this head uses nor others have used of late; when forced, any. */
  #victim(forced: boolean, but: SendEntry | undefined): SendEntry | undefined {
    const entries = this.#entries;
    // The first round may find all of them used; it marks them as passed.
    for (let steps = 2 * entries.length; steps > 0; steps--) {
      if (this.#hand >= entries.length) this.#hand = FIRST_SLOT;
      const entry = entries[this.#hand++];
      if (entry === undefined || entry === but || entry.epoch === this.#epoch) continue;
      if (!entry.used) return entry;
      entry.used = false;
    }
    if (!forced) return undefined;
    return entries.find(
      (entry, slot) => slot >= FIRST_SLOT && entry !== undefined && entry !== but,
    );
  }

  /** The entry that had the name is gone: a field that has it takes its part, or the name is forgotten. */
  #passOn(info: NameInfo): void {
    info.entry = info.fields.values().next().value;
    if (info.entry !== undefined || this.#names.get(info.name) !== info) return;
    this.#names.delete(info.name);
  }
}

function newInfo(name: string, secret: boolean): NameInfo {
  return { name, secret, entry: undefined, bare: undefined, fields: new Map(), habit: new Habit() };
}
