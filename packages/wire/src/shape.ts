import type { HeadKind } from './head-check.ts';
import type { HeadTemplate } from './head-template.ts';
import { Hole } from './hole.ts';
import type { NameInfo } from './send-table.ts';

/**
 * Names whose values are new in nearly every head: holes from the first one on. Whatever else
 * differs becomes one when it does; a value that stays costs nothing as long as it is no hole.
 */
const VOLATILE = new Set(['cookie', 'date', 'set-cookie', 'traceparent', 'x-request-id']);

/** A method or status with a list of names, and what was learned about heads of that kind. */
export class Shape {
  /** Positions in `variable`: the method or status, the path or reason, the fields. */
  static readonly START = 0;
  static readonly SECOND = 1;
  static readonly FIELDS = 2;

  readonly key: string;
  /** Which positions have shown to differ from head to head. */
  readonly variable: boolean[];
  template: HeadTemplate | undefined;
  /** Size of the head that was learned last. */
  size = 0;
  #second: string;
  #raw: readonly string[];
  readonly #holes = new Map<number, Hole>();

  constructor(key: string, second: string, raw: readonly string[]) {
    this.key = key;
    this.#second = second;
    this.#raw = raw;
    this.variable = [false, false];
    for (let i = 0; i < raw.length; i += 2) {
      this.variable.push(VOLATILE.has((raw[i] ?? '').toLowerCase()));
    }
  }

  /** Marks what differs from the head before as variable. */
  compare(second: string, raw: readonly string[]): void {
    if (second !== this.#second) this.variable[Shape.SECOND] = true;
    for (let i = 1; i < raw.length; i += 2) {
      if (raw[i] !== this.#raw[i]) this.variable[Shape.FIELDS + (i >> 1)] = true;
    }
    this.#second = second;
    this.#raw = raw;
  }

  /** The hole of a position, with what it has learned so far. */
  hole(position: number, at: number, info: NameInfo): Hole {
    const known = this.#holes.get(position);
    if (known !== undefined && known.info === info) return known;
    const hole = new Hole(at, info);
    this.#holes.set(position, hole);
    return hole;
  }
}

/** Shapes remembered at most, and the sizes of their heads together; the oldest goes first. */
const MOST_SHAPES = 256;
const MOST_BYTES = 256 * 1024;

/** The shapes that a direction has met. */
export class ShapeBook {
  readonly #shapes = new Map<string, Shape>();
  #bytes = 0;

  /** The shape of a head; a new one is remembered once it is learned. */
  find(kind: HeadKind, start: string, second: string, raw: readonly string[]): Shape {
    let key = second === '' ? `${kind} ${start}` : `${kind} ${start} +`;
    for (let i = 0; i < raw.length; i += 2) key += `\n${raw[i]}`;
    return this.#shapes.get(key) ?? new Shape(key, second, raw);
  }

  /** Compares a head with the one before of its shape, and remembers it. */
  learn(shape: Shape, second: string, raw: readonly string[], size: number): void {
    shape.compare(second, raw);
    if (this.#shapes.delete(shape.key)) this.#bytes -= shape.size;
    shape.size = size;
    this.#shapes.set(shape.key, shape);
    this.#bytes += size;
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
