import type { Fields } from './fields.ts';
import type { HeadKind } from './head-check.ts';
import { FIELD_OVERHEAD } from './limits.ts';
import type { NameInfo, SendEntry } from './send-table.ts';

/** A head that is kept as a block. */
export interface HeadDraft {
  readonly kind: HeadKind;
  /** Names and values in turn, pseudo fields first. */
  readonly flat: readonly string[];
  /** How many of its fields are pseudo fields. */
  readonly pseudos: number;
  /** Which of its fields are holes, in order. */
  readonly holes: readonly { readonly position: number; readonly info: NameInfo }[];
}

/** A place in a block whose value each head brings. */
export interface Hole {
  /** Index of the value in the flat list of fields, or one of those below. */
  readonly at: number;
  readonly info: NameInfo;
}

/** What `Hole.at` is for the path or the reason, and for the method or the status. */
const AT_SECOND = -1;
const AT_START = -2;

/** A block as its sender remembers it: which heads it stands for, and what they must fill. */
export class HeadTemplate {
  readonly entry: SendEntry;
  readonly holes: readonly Hole[];
  readonly #kind: HeadKind;
  readonly #start: string;
  /** The path or the reason; empty where there is none, undefined where it is a hole. */
  readonly #second: string | undefined;
  /** Names and values in turn; undefined where a hole is. */
  readonly #raw: readonly (string | undefined)[];
  #lastFields: Fields | undefined;

  constructor(entry: SendEntry, { kind, flat, pseudos, holes }: HeadDraft) {
    const wanted: (string | undefined)[] = flat.slice();
    for (const { position } of holes) wanted[2 * position + 1] = undefined;
    this.entry = entry;
    this.holes = holes.map(({ position, info }) => ({ at: atOf(position, pseudos), info }));
    this.#kind = kind;
    this.#start = pseudos > 0 ? (flat[1] ?? '') : '';
    this.#second = pseudos > 1 ? wanted[3] : '';
    this.#raw = wanted.slice(2 * pseudos);
  }

  /** Size of the head without what fills the holes, as W-063 counts it. */
  get fixedSize(): number {
    return this.entry.size - FIELD_OVERHEAD;
  }

  /** Whether the block stands for this head, its holes filled. */
  matches(kind: HeadKind, start: string, second: string, fields: Fields): boolean {
    if (start !== this.#start || kind !== this.#kind) return false;
    if (second !== this.#second && (this.#second !== undefined || second === '')) return false;
    if (fields === this.#lastFields) return true;
    const found = fields.raw;
    const wanted = this.#raw;
    const length = wanted.length;
    if (found.length !== length) return false;
    for (let i = 0; i < length; i++) {
      const want = wanted[i];
      if (want !== undefined && want !== found[i]) return false;
    }
    this.#lastFields = fields;
    return true;
  }

  /** What a head that matches has in a hole. */
  valueIn(hole: Hole, second: string, raw: readonly string[]): string {
    if (hole.at >= 0) return raw[hole.at] ?? '';
    return hole.at === AT_SECOND ? second : this.#start;
  }
}

/** Where the value of a field stands: the first pseudo field is the start, the second one the second. */
function atOf(position: number, pseudos: number): number {
  if (position >= pseudos) return 2 * (position - pseudos) + 1;
  return position === 0 ? AT_START : AT_SECOND;
}
