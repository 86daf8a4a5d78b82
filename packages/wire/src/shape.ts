import type { HeadTemplate } from './head-template.ts';
import { Hole } from './hole.ts';
import type { NameInfo } from './send-table.ts';

/** Names whose values are new in nearly every head: holes from the first one on. */
const VOLATILE = new Set([
  'content-length',
  'cookie',
  'date',
  'etag',
  'if-modified-since',
  'if-none-match',
  'last-modified',
  'set-cookie',
  'traceparent',
  'x-request-id',
]);

/** A method or status with a list of names, and what was learned about heads of that kind. */
export class Shape {
  /** Positions in `variable`: the method or status, the path or reason, the fields. */
  static readonly START = 0;
  static readonly SECOND = 1;
  static readonly FIELDS = 2;

  readonly kind: 'request' | 'response' | 'trailers';
  /** Which positions have shown to differ from head to head. */
  readonly variable: boolean[];
  template: HeadTemplate | undefined;
  #second: string;
  #raw: readonly string[];
  readonly #holes = new Map<number, Hole>();

  constructor(kind: Shape['kind'], second: string, raw: readonly string[]) {
    this.kind = kind;
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

/** Shapes remembered at most; the oldest goes first. */
const CAPACITY = 256;

/** The shapes that a direction has met. */
export class ShapeBook {
  readonly #shapes = new Map<string, Shape>();

  /** The shape of a head, compared with the one before of that shape. */
  meet(kind: Shape['kind'], start: string, second: string, raw: readonly string[]): Shape {
    let key = second === '' ? `${kind} ${start}` : `${kind} ${start} +`;
    for (let i = 0; i < raw.length; i += 2) key += `\n${raw[i]}`;
    const known = this.#shapes.get(key);
    if (known !== undefined) {
      known.compare(second, raw);
      return known;
    }
    const shape = new Shape(kind, second, raw);
    this.#shapes.set(key, shape);
    if (this.#shapes.size > CAPACITY) {
      for (const [oldest] of this.#shapes) {
        this.#shapes.delete(oldest);
        break;
      }
    }
    return shape;
  }
}
