import { TpError } from './errors.ts';
import type { Fields } from './fields.ts';
import type { RequestHead, ResponseHead } from './head.ts';
import { type HeadDraft, HeadTemplate } from './head-template.ts';
import type { Hole } from './hole.ts';
import { isFieldValue, isTarget, isToken } from './legal.ts';
import {
  FIELD_OVERHEAD,
  MAX_NAME,
  MAX_PATH,
  MAX_TRAILERS,
  MAX_VALUE,
  type WireLimits,
} from './limits.ts';
import {
  FILL_BLOB,
  FILL_BLOB_STORE,
  FILL_TEXT,
  OP_FIELD,
  OP_LITERAL,
  OP_SECRET,
  OP_SECRET_STORE,
  OP_STORE,
  OP_VALUE,
} from './schema.ts';
import { type NameInfo, SendTable } from './send-table.ts';
import { Shape, ShapeBook } from './shape.ts';

/** A head as a program over the table: what the fields `block`, `ops`, `text` and `keep` of a record say. */
export class HeadProgram {
  block = 0;
  keep = 0;
  readonly ops: number[] = [];
  readonly texts: string[] = [];
  /** Values that go to `plain` as blobs, in order. */
  readonly blobs: string[] = [];

  clear(): void {
    this.block = 0;
    this.keep = 0;
    if (this.ops.length > 0) this.ops.length = 0;
    if (this.texts.length > 0) this.texts.length = 0;
    if (this.blobs.length > 0) this.blobs.length = 0;
  }
}

/** Longer values are sent as they are and never stored. */
const LONGEST_STORED = 1024;
/** Templates that are tried before the list of names is looked up. */
const RECENT = 16;

/**
 * Turns heads into programs over the table. It learns: the first head of a shape (a method or
 * status and a list of names) is kept as a block; what differs in the next one becomes a hole; so a
 * head that repeats costs a block's number, and one that nearly repeats costs its differences.
 */
export class HeadEncoder {
  readonly #limits: WireLimits;
  readonly #table: SendTable;
  readonly #inline: boolean;
  readonly #shapes = new ShapeBook();
  readonly #recent: HeadTemplate[] = [];
  readonly #program = new HeadProgram();

  /**
   * @param limits what the peer's hello accepts.
   * @param isSecret whether a field's values must stay out of the window (W-060).
   * @param inline when nothing is packed, secrets need no blob of their own.
   */
  constructor(limits: WireLimits, isSecret: (name: string) => boolean, inline: boolean) {
    this.#limits = limits;
    this.#table = new SendTable(limits.tableBytes, isSecret);
    this.#inline = inline;
  }

  /**
   * The program of a request's head. It is the encoder's own and good until the next call.
   *
   * @throws {TpError} INVALID_ARGUMENT or HEAD_LIMIT, processed "no", for a head that may not be
   * sent (W-062, W-063); nothing has changed then.
   */
  request(head: RequestHead): HeadProgram {
    return this.#encode('request', head.method, head.path, head.fields);
  }

  /** The program of a response's head, as `request`. */
  response(head: ResponseHead): HeadProgram {
    return this.#encode('response', STATUS_TEXT[head.status] ?? '', head.reason, head.fields);
  }

  /** The program of trailers, as `request`. */
  trailers(fields: Fields): HeadProgram {
    return this.#encode('trailers', '', '', fields);
  }

  #encode(kind: Shape['kind'], start: string, second: string, fields: Fields): HeadProgram {
    const program = this.#program;
    program.clear();
    const recent = this.#recent;
    for (let i = 0; i < recent.length; i++) {
      const template = recent[i];
      if (template === undefined || !template.matches(kind, start, second, fields)) continue;
      if (i > 0) {
        recent[i] = recent[i - 1] ?? template;
        recent[i - 1] = template;
      }
      this.#table.touch(template.entry);
      program.block = template.entry.slot;
      if (template.holes.length > 0) this.#fill(template, second, fields.raw);
      return program;
    }
    this.#learn(kind, start, second, fields);
    return program;
  }

  #fill(template: HeadTemplate, second: string, raw: readonly string[]): void {
    for (const hole of template.holes)
      this.#checkHole(hole, hole.at < 0 ? second : (raw[hole.at] ?? ''));
    const table = this.#table;
    const { ops, texts, blobs } = this.#program;
    table.begin();
    table.touch(template.entry);
    let plain = true;
    for (const hole of template.holes) {
      const value = hole.at < 0 ? second : (raw[hole.at] ?? '');
      const blob = hole.info.secret && !this.#inline;
      if (hole.worthLooking()) {
        const field = table.field(hole.info, value);
        if (field !== undefined) {
          hole.repeated();
          ops.push(field.slot << 2);
          plain = false;
          continue;
        }
        if (hole.seenBefore(value) && value.length <= LONGEST_STORED) {
          const stored = table.storeField(hole.info, value, ops);
          if (stored !== undefined) {
            if (blob) ops.push(FILL_BLOB_STORE, stored.slot);
            else ops.push((stored.slot << 2) | OP_STORE);
            (blob ? blobs : texts).push(value);
            plain = false;
            continue;
          }
        }
      }
      ops.push(blob ? FILL_BLOB : FILL_TEXT);
      (blob ? blobs : texts).push(value);
    }
    if (plain) ops.length = 0;
  }

  #learn(kind: Shape['kind'], start: string, second: string, fields: Fields): void {
    const raw = fields.raw;
    this.#check(kind, start, second, raw);
    const shape = this.#shapes.meet(kind, start, second, raw);
    this.#table.begin();
    if (shape.template !== undefined) {
      this.#retire(shape.template);
      this.#table.drop(shape.template.entry, this.#program.ops);
    }
    const holes: Hole[] = [];
    let size = FIELD_OVERHEAD;
    const add = (name: string, value: string, at: number, position: number) => {
      const info = this.#table.name(name, this.#program.ops, this.#program.texts);
      const isHole = this.#addField(info, value, shape.variable[position] === true);
      if (isHole) holes.push(shape.hole(position, at, info));
      size += name.length + FIELD_OVERHEAD + (isHole ? 0 : value.length);
    };
    if (kind === 'request') {
      add(':method', start, -2, Shape.START);
      add(':path', second, -1, Shape.SECOND);
    } else if (kind === 'response') {
      add(':status', start, -2, Shape.START);
      if (second !== '') add(':reason', second, -1, Shape.SECOND);
    }
    for (let i = 0; i < raw.length; i += 2) {
      add(raw[i] ?? '', raw[i + 1] ?? '', i + 1, Shape.FIELDS + i / 2);
    }
    this.#keep(shape, { kind, start, second, raw, holes }, size);
  }

  /** Writes one field out; tells whether it is a hole of a block that is made of this head. */
  #addField(info: NameInfo, value: string, variable: boolean): boolean {
    const table = this.#table;
    const { ops, texts, blobs } = this.#program;
    const nameSlot = info.entry?.slot;
    if (nameSlot === undefined) {
      this.#addUnnamed(info, value);
      return true;
    }
    const blob = info.secret && !this.#inline;
    if (!variable && value.length <= LONGEST_STORED) {
      const known = table.field(info, value);
      if (known !== undefined) {
        ops.push((known.slot << 2) | OP_FIELD);
        return false;
      }
      const stored = table.storeField(info, value, ops);
      if (stored !== undefined) {
        if (blob) ops.push(OP_SECRET_STORE, nameSlot, stored.slot);
        else ops.push((nameSlot << 2) | OP_STORE, stored.slot);
        (blob ? blobs : texts).push(value);
        return false;
      }
    }
    if (blob) ops.push(OP_SECRET, nameSlot);
    else ops.push((nameSlot << 2) | OP_VALUE);
    (blob ? blobs : texts).push(value);
    return true;
  }

  #addUnnamed(info: NameInfo, value: string): void {
    if (info.secret && !this.#inline) {
      throw new TpError({
        code: 'HEAD_LIMIT',
        message: `the field ${info.name} must stay out of the compression window, which needs a table, and the peer's has no room; raise its tableBytes or use codec none`,
        processed: 'no',
      });
    }
    this.#program.ops.push(OP_LITERAL);
    this.#program.texts.push(info.name, value);
  }

  #keep(shape: Shape, draft: HeadDraft, size: number): void {
    const ops = this.#program.ops;
    const entry = this.#table.store(size, ops, () => {
      if (shape.template !== undefined) this.#retire(shape.template);
      shape.template = undefined;
    });
    if (entry === undefined) return;
    const template = new HeadTemplate(entry, draft);
    shape.template = template;
    this.#program.keep = entry.slot;
    this.#recent.unshift(template);
    if (this.#recent.length > RECENT) this.#recent.pop();
  }

  #retire(template: HeadTemplate): void {
    const at = this.#recent.indexOf(template);
    if (at >= 0) this.#recent.splice(at, 1);
  }

  #checkHole(hole: Hole, value: string): void {
    if (hole.at === -1 && hole.info.name === ':path') checkPath(value);
    else checkValue(hole.info.name, value);
  }

  #check(kind: Shape['kind'], start: string, second: string, raw: readonly string[]): void {
    const limits = this.#limits;
    let size = start.length + second.length + 2 * FIELD_OVERHEAD;
    if (kind === 'request') {
      if (!isToken(start))
        throw invalid(`the method ${show(start)} is not a token (RFC 9110 section 9.1)`);
      checkPath(second);
    } else if (kind === 'response') {
      if (start === '') throw invalid('a status is a whole number from 100 to 599');
      checkValue('reason', second);
    } else if (raw.length / 2 > MAX_TRAILERS) {
      throw tooLarge(`${raw.length / 2} trailers; at most ${MAX_TRAILERS} may be sent`);
    }
    if (raw.length / 2 > limits.fields) {
      throw tooLarge(`a head has ${raw.length / 2} fields; the peer accepts ${limits.fields}`);
    }
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i] ?? '';
      const value = raw[i + 1] ?? '';
      if (!isToken(name))
        throw invalid(`the field name ${show(name)} is not a token (RFC 9110 section 5.1)`);
      if (name.length > MAX_NAME)
        throw tooLarge(`a field name has ${name.length} bytes; at most ${MAX_NAME}`);
      checkValue(name, value);
      size += name.length + value.length + FIELD_OVERHEAD;
    }
    if (size > limits.headBytes) {
      throw tooLarge(
        `a head has ${size} bytes, 32 counted for each field; the peer accepts ${limits.headBytes}`,
      );
    }
  }
}

const STATUS_TEXT: readonly string[] = Array.from({ length: 600 }, (_, status) =>
  status >= 100 ? String(status) : '',
);

function checkPath(path: string): void {
  if (!isTarget(path)) {
    throw invalid(
      `the path ${show(path)} is empty or has a character that must be percent-encoded`,
    );
  }
  if (path.length > MAX_PATH)
    throw tooLarge(`a path has ${path.length} bytes; at most ${MAX_PATH}`);
}

function checkValue(name: string, value: string): void {
  if (!isFieldValue(value)) {
    throw invalid(
      `the value of ${name} has a control character, one above U+00FF, or space at its ends (RFC 9110 section 5.5)`,
    );
  }
  if (value.length > MAX_VALUE) {
    throw tooLarge(`the value of ${name} has ${value.length} bytes; at most ${MAX_VALUE}`);
  }
}

function show(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

function invalid(message: string): TpError {
  return new TpError({ code: 'INVALID_ARGUMENT', message, processed: 'no' });
}

function tooLarge(message: string): TpError {
  return new TpError({ code: 'HEAD_LIMIT', message: `${message} (W-063)`, processed: 'no' });
}
