/**
 * What may be given where header fields are expected: a flat list `[name, value, name, value, …]`
 * as Node's `rawHeaders` has it, an object, or `Fields`. Order, duplicates and the case of names
 * are kept (RFC 9110 section 5.3 gives meaning to the first two; old peers to the third).
 */
export type FieldsInit =
  | Fields
  | readonly string[]
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * An immutable, ordered list of header fields, kept as it stands on the wire. A decoder hands out
 * the same `Fields` for every head that repeats, so equal heads cost nothing to receive.
 */
export class Fields implements Iterable<readonly [name: string, value: string]> {
  static readonly empty: Fields = new Fields([]);

  /** The flat list `[name, value, name, value, …]`. Never write to it. */
  readonly raw: readonly string[];

  /** Takes the list as it is, without a copy and without a check; `Fields.from` checks. */
  constructor(raw: readonly string[]) {
    this.raw = raw;
  }

  /**
   * Makes `Fields` of any form of field list. Names and values are not validated here: the encoder
   * does that when it writes them, and the HTTP side when it prints them.
   *
   * @throws {TypeError} when a flat list has an odd length.
   */
  static from(init: FieldsInit | undefined): Fields {
    if (init === undefined) return Fields.empty;
    if (init instanceof Fields) return init;
    if (isFlatList(init)) {
      if (init.length % 2 !== 0) {
        throw new TypeError(
          `a flat header list holds names and values in turn, so its length is even; found ${init.length} entries`,
        );
      }
      return init.length === 0 ? Fields.empty : new Fields(init);
    }
    const raw: string[] = [];
    for (const [name, value] of Object.entries(init)) {
      if (value === undefined) continue;
      if (typeof value === 'string') raw.push(name, value);
      else for (const one of value) raw.push(name, one);
    }
    return new Fields(raw);
  }

  /** How many fields there are, repeated ones counted each. */
  get size(): number {
    return this.raw.length / 2;
  }

  /** The first value of that name, in any case of letters; undefined when there is none. */
  get(name: string): string | undefined {
    const raw = this.raw;
    for (let i = 0; i < raw.length; i += 2) {
      if (sameName(raw[i], name)) return raw[i + 1];
    }
    return undefined;
  }

  /** Every value of that name, in order. */
  getAll(name: string): string[] {
    const raw = this.raw;
    const values: string[] = [];
    for (let i = 0; i < raw.length; i += 2) {
      const value = raw[i + 1];
      if (value !== undefined && sameName(raw[i], name)) values.push(value);
    }
    return values;
  }

  /** Whether a field of that name exists, in any case of letters. */
  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  *[Symbol.iterator](): Generator<readonly [name: string, value: string]> {
    const raw = this.raw;
    for (let i = 0; i < raw.length; i += 2) yield [raw[i] ?? '', raw[i + 1] ?? ''];
  }
}

function isFlatList(init: object): init is readonly string[] {
  return Array.isArray(init);
}

function sameName(found: string | undefined, wanted: string): boolean {
  return (
    found !== undefined &&
    found.length === wanted.length &&
    (found === wanted || found.toLowerCase() === wanted.toLowerCase())
  );
}
