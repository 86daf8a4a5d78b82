import type { Fields } from './fields.ts';
import type { HeadKind } from './head-check.ts';
import { AT_SECOND, type Hole } from './hole.ts';
import { FIELD_OVERHEAD } from './limits.ts';
import type { SendEntry } from './send-table.ts';

/** What a template is made of. */
export interface HeadDraft {
  readonly kind: HeadKind;
  readonly start: string;
  readonly second: string;
  readonly raw: readonly string[];
  readonly holes: readonly Hole[];
}

/** A block as its sender remembers it: which heads it stands for, and what they must fill. */
export class HeadTemplate {
  readonly entry: SendEntry;
  readonly holes: readonly Hole[];
  readonly #kind: HeadKind;
  readonly #start: string;
  /** The path or the reason; undefined where it is a hole. */
  readonly #second: string | undefined;
  /** Names and values in turn; undefined where a hole is. */
  readonly #raw: readonly (string | undefined)[];
  #lastFields: Fields | undefined;

  constructor(entry: SendEntry, draft: HeadDraft) {
    const raw: (string | undefined)[] = draft.raw.slice();
    let second: string | undefined = draft.second;
    for (const hole of draft.holes) {
      if (hole.at === AT_SECOND) second = undefined;
      else if (hole.at >= 0) raw[hole.at] = undefined;
    }
    this.entry = entry;
    this.holes = draft.holes;
    this.#kind = draft.kind;
    this.#start = draft.start;
    this.#second = second;
    this.#raw = raw;
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
