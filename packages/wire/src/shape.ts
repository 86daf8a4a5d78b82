import type { HeadKind } from './head-check.ts';
import type { HeadTemplate } from './head-template.ts';

/**
 * Names whose values are new in nearly every head: holes from the first one on. Whatever else
 * differs becomes one when it does; a value that stays costs nothing as long as it is no hole.
 */
const VOLATILE = new Set(['cookie', 'date', 'set-cookie', 'traceparent', 'x-request-id']);

/** A method or status with a list of names, and what was learned about heads of that kind. */
export class Shape {
  readonly key: string;
  /** Which fields, pseudo fields first, have shown to differ from head to head. */
  readonly variable: boolean[] = [];
  template: HeadTemplate | undefined;
  /** Size of the head that was learned last. */
  size = 0;
  /** Bytes that a block would have saved on the heads that were written out since there was one. */
  debt = 0;
  #flat: readonly string[];

  /** @param flat names and values in turn, pseudo fields first. */
  constructor(key: string, flat: readonly string[]) {
    this.key = key;
    this.#flat = flat;
    for (let i = 0; i < flat.length; i += 2) {
      this.variable.push(VOLATILE.has((flat[i] ?? '').toLowerCase()));
    }
  }

  /** Marks what differs from the head before as variable. */
  compare(flat: readonly string[]): void {
    for (let i = 1; i < flat.length; i += 2) {
      if (flat[i] !== this.#flat[i]) this.variable[i >> 1] = true;
    }
    this.#flat = flat;
  }
}

/** Shapes remembered at most, and the sizes of their heads together; the oldest goes first. */
const MOST_SHAPES = 256;
const MOST_BYTES = 256 * 1024;

/** The shapes that a direction has met. */
export class ShapeBook {
  readonly #shapes = new Map<string, Shape>();
  #bytes = 0;

  /** The shape of that key; undefined when it is new or was forgotten. */
  find(key: string): Shape | undefined {
    return this.#shapes.get(key);
  }

  /** Compares a head with the one before of its shape, and remembers it. */
  learn(key: string, flat: readonly string[], size: number): Shape {
    const shape = this.#shapes.get(key) ?? new Shape(key, flat);
    shape.compare(flat);
    if (this.#shapes.delete(key)) this.#bytes -= shape.size;
    shape.size = size;
    this.#shapes.set(key, shape);
    this.#bytes += size;
    return shape;
  }

  /** A shape that has to go for those learned since; undefined when there is room. */
  oldestBeyond(): Shape | undefined {
    if (this.#shapes.size <= MOST_SHAPES && this.#bytes <= MOST_BYTES) return undefined;
    for (const shape of this.#shapes.values()) {
      if (this.#shapes.size === 1) return undefined;
      this.#shapes.delete(shape.key);
      this.#bytes -= shape.size;
      return shape;
    }
    return undefined;
  }
}

/** What heads of one shape have in common: their kind, the method or status, and the names. */
export function shapeKey(
  kind: HeadKind,
  start: string,
  second: string,
  raw: readonly string[],
): string {
  let key = second === '' ? `${kind} ${start}` : `${kind} ${start} +`;
  for (let i = 0; i < raw.length; i += 2) key += `\n${raw[i]}`;
  return key;
}

/** A head as names and values in turn, pseudo fields first. */
export function flatten(
  kind: HeadKind,
  start: string,
  second: string,
  raw: readonly string[],
): readonly string[] {
  if (kind === 'request') return [':method', start, ':path', second, ...raw];
  if (kind === 'trailers') return raw;
  return second === '' ? [':status', start, ...raw] : [':status', start, ':reason', second, ...raw];
}
