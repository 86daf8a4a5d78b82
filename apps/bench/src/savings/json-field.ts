import { shown, TrafficFileError } from './file-error.ts';
import { type JsonPath, pathText } from './json-place.ts';

/** The file that fields come from, and how to find a field's line in it. */
export interface JsonSource {
  readonly file: string;
  lineOf(path: JsonPath): number;
}

/** A value in a JSON file that knows where it stands, so that what is wrong with it can be said. */
export class JsonField {
  readonly value: unknown;
  readonly #path: JsonPath;
  readonly #source: JsonSource;

  constructor(value: unknown, source: JsonSource, path: JsonPath = []) {
    this.value = value;
    this.#source = source;
    this.#path = path;
  }

  /** Whether there is something; `null` counts as nothing. */
  get isThere(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  /** A field of an object; one that holds nothing where there is none. @throws {TrafficFileError} when this is no object. */
  at(name: string): JsonField {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.fail('an object');
    }
    return new JsonField(Object.getOwnPropertyDescriptor(value, name)?.value, this.#source, [
      ...this.#path,
      name,
    ]);
  }

  /** @throws {TrafficFileError} when it is no list. */
  list(expected = 'a list'): JsonField[] {
    if (!Array.isArray(this.value)) return this.fail(expected);
    return this.value.map(
      (entry: unknown, i) => new JsonField(entry, this.#source, [...this.#path, i]),
    );
  }

  /** The fields of an object. @throws {TrafficFileError} when it is none. */
  entries(expected: string): [name: string, field: JsonField][] {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.fail(expected);
    }
    return Object.keys(value).map((name) => [name, this.at(name)]);
  }

  /** @throws {TrafficFileError} when it is no text. */
  text(expected = 'text'): string {
    return typeof this.value === 'string' ? this.value : this.fail(expected);
  }

  /** @throws {TrafficFileError} that says what was found here, and what is expected. */
  fail(expected: string): never {
    throw new TrafficFileError({
      file: this.#source.file,
      line: this.#source.lineOf(this.#path),
      field: pathText(this.#path),
      found: shown(this.value),
      expected,
    });
  }
}
