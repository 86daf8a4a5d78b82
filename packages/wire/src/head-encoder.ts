import { TpError } from './errors.ts';
import type { Fields } from './fields.ts';
import type { RequestHead, ResponseHead } from './head.ts';
import { checkHead, checkSize, checkValue, type HeadKind } from './head-check.ts';
import { type HeadDraft, HeadTemplate } from './head-template.ts';
import { AT_SECOND, AT_START, type Hole } from './hole.ts';
import { FIELD_OVERHEAD, MAX_NAME, type WireLimits } from './limits.ts';
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
/** A larger table is not used, whatever the peer offers: it is our memory too. */
const LARGEST_TABLE = 1024 * 1024;

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
    this.#table = new SendTable(Math.min(limits.tableBytes, LARGEST_TABLE), isSecret);
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

  #encode(kind: HeadKind, start: string, second: string, fields: Fields): HeadProgram {
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
      this.#use(template, second, fields.raw);
      return program;
    }
    this.#look(kind, start, second, fields);
    return program;
  }

  /** A head that no recent template stands for: one of a shape met before, or a new one. */
  #look(kind: HeadKind, start: string, second: string, fields: Fields): void {
    const raw = fields.raw;
    const size = checkHead(kind, start, second, raw, this.#limits);
    this.#checkSecrets(raw);
    const shape = this.#shapes.find(kind, start, second, raw);
    const template = shape.template;
    if (template?.matches(kind, start, second, fields)) {
      this.#remember(template);
      this.#use(template, second, raw);
      return;
    }
    this.#shapes.learn(shape, second, raw, size);
    this.#learn(shape, kind, start, second, raw);
  }

  #use(template: HeadTemplate, second: string, raw: readonly string[]): void {
    if (template.holes.length > 0) this.#fill(template, second, raw);
    this.#table.touch(template.entry);
    this.#program.block = template.entry.slot;
  }

  #fill(template: HeadTemplate, second: string, raw: readonly string[]): void {
    this.#checkFills(template, second, raw);
    const table = this.#table;
    const { ops, texts, blobs } = this.#program;
    table.begin();
    table.touch(template.entry);
    let plain = true;
    for (const hole of template.holes) {
      const value = template.valueIn(hole, second, raw);
      const blob = hole.info.secret && !this.#inline;
      if (hole.worthLooking()) {
        const field = table.field(hole.info, value);
        if (field !== undefined) {
          hole.repeated();
          ops.push(field.slot << 2);
          plain = false;
          continue;
        }
        if (value.length <= LONGEST_STORED && hole.seenBefore(value)) {
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
    // Entries may have been dropped for a field that then found no room.
    if (plain && ops.length === template.holes.length) ops.length = 0;
  }

  #learn(
    shape: Shape,
    kind: HeadKind,
    start: string,
    second: string,
    raw: readonly string[],
  ): void {
    const table = this.#table;
    const { ops, texts } = this.#program;
    table.begin();
    this.#dropBlock(shape);
    for (let old = this.#shapes.oldestBeyond(); old; old = this.#shapes.oldestBeyond()) {
      this.#dropBlock(old);
    }
    const holes: Hole[] = [];
    let size = FIELD_OVERHEAD;
    const add = (name: string, value: string, at: number, position: number) => {
      const info = table.name(name, ops, texts, !this.#inline);
      const isHole = this.#addField(info, value, shape.variable[position] === true);
      if (isHole) holes.push(shape.hole(position, at, info));
      size += name.length + FIELD_OVERHEAD + (isHole ? 0 : value.length);
    };
    if (kind === 'request') {
      add(':method', start, AT_START, Shape.START);
      add(':path', second, AT_SECOND, Shape.SECOND);
    } else if (kind === 'response') {
      add(':status', start, AT_START, Shape.START);
      if (second !== '') add(':reason', second, AT_SECOND, Shape.SECOND);
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
      ops.push(OP_LITERAL);
      texts.push(info.name, value);
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

  #keep(shape: Shape, draft: HeadDraft, size: number): void {
    const ops = this.#program.ops;
    const entry = this.#table.store(size, ops, () => {
      if (shape.template !== undefined) this.#retire(shape.template);
      shape.template = undefined;
    });
    if (entry === undefined) return;
    shape.template = new HeadTemplate(entry, draft);
    this.#program.keep = entry.slot;
    this.#remember(shape.template);
  }

  #remember(template: HeadTemplate): void {
    this.#recent.unshift(template);
    if (this.#recent.length > RECENT) this.#recent.pop();
  }

  #retire(template: HeadTemplate): void {
    const at = this.#recent.indexOf(template);
    if (at >= 0) this.#recent.splice(at, 1);
  }

  #dropBlock(shape: Shape): void {
    if (shape.template !== undefined) this.#table.drop(shape.template.entry, this.#program.ops);
  }

  /** Checks what a head has in the holes of its template; the rest was checked when it was learned. */
  #checkFills(template: HeadTemplate, second: string, raw: readonly string[]): void {
    let size = template.fixedSize;
    for (const hole of template.holes) {
      const value = template.valueIn(hole, second, raw);
      checkValue(hole.info.name, value);
      size += value.length;
    }
    checkSize(size, this.#limits);
  }

  /** A secret outside the window is a blob, which needs the slot of its name. */
  #checkSecrets(raw: readonly string[]): void {
    const table = this.#table;
    if (this.#inline || table.canHold(MAX_NAME)) return;
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i] ?? '';
      if (table.canHold(name.length) || !table.isSecret(name)) continue;
      throw new TpError({
        code: 'HEAD_LIMIT',
        message: `the field ${name} must stay out of the compression window, which needs a table, and the peer's has no room; raise its tableBytes or use codec none`,
        processed: 'no',
      });
    }
  }
}

const STATUS_TEXT: readonly string[] = Array.from({ length: 600 }, (_, status) =>
  status >= 100 ? String(status) : '',
);
