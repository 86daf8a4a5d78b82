import { BatchRoom } from './batch-room.ts';
import { TpError } from './errors.ts';
import type { Fields } from './fields.ts';
import type { RequestHead, ResponseHead } from './head.ts';
import { checkHead, checkSize, checkValue, type HeadKind, startSize } from './head-check.ts';
import { HeadProgram } from './head-program.ts';
import { type HeadDraft, HeadTemplate } from './head-template.ts';
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
import { type NameInfo, type SendEntry, SendTable } from './send-table.ts';
import { flatten, type Shape, ShapeBook, shapeKey } from './shape.ts';

/** Longer values are sent as they are and never stored. */
const LONGEST_STORED = 1024;
/** Templates that are tried before the list of names is looked up. */
const RECENT = 16;
/** A larger table is not used, whatever the peer offers: it is our memory too. */
const LARGEST_TABLE = 1024 * 1024;
/** From this share of values that come again on, those of a name are taken to stay; below, to change. */
const STEADY = 0.7;
/**
 * Where a value is packed, the window makes little of one that comes again: only where nearly all do,
 * the number of a slot is shorter.
 */
const STEADY_PACKED = 0.9;
/** About what storing a value costs that does not come again, in bytes. */
const STORING_COST = 1.5;
/** About what a block saves on a head, in bytes. */
const BLOCK_GAIN = 10;

/**
 * Turns heads into programs over the table. It learns: a head is kept as a block when that pays for
 * others of its shape (a method or status and a list of names); what differs in the next one becomes
 * a hole; so a head that repeats costs a block's number, and one that nearly repeats costs its
 * differences.
 */
export class HeadEncoder {
  readonly #limits: WireLimits;
  readonly #room: BatchRoom;
  readonly #table: SendTable;
  readonly #inline: boolean;
  readonly #shapes = new ShapeBook();
  readonly #recent: HeadTemplate[] = [];
  readonly #program = new HeadProgram();
  /**
   * Whether heads are written out: they take no value from the table and leave none there, so that
   * whoever watches lengths cannot learn from one tenant's heads what another's have said.
   */
  apart = false;

  /**
   * @param limits what the peer's hello accepts.
   * @param isSecret whether a field's values must stay out of the window (W-060).
   * @param inline when nothing is packed, secrets need no blob of their own.
   */
  constructor(limits: WireLimits, isSecret: (name: string) => boolean, inline: boolean) {
    this.#limits = limits;
    const tableBytes = Math.min(limits.tableBytes, LARGEST_TABLE);
    this.#room = new BatchRoom(limits, tableBytes);
    this.#table = new SendTable(tableBytes, isSecret);
    this.#inline = inline;
  }

  /**
   * The program of a request's head. It is the encoder's own and good until the next call.
   *
   * @param bodyBytes the size of the body that goes with it.
   * @throws {TpError} INVALID_ARGUMENT or HEAD_LIMIT, processed "no", for a head that may not be
   * sent (W-062, W-063), or that no batch of the peer's has room for (W-123); nothing has changed then.
   */
  request(head: RequestHead, bodyBytes = 0): HeadProgram {
    return this.#encode('request', head.method, head.path, head.fields, bodyBytes);
  }

  /** The program of a response's head, as `request`. */
  response(head: ResponseHead, bodyBytes = 0): HeadProgram {
    const status = STATUS_TEXT[head.status] ?? '';
    return this.#encode('response', status, head.reason, head.fields, bodyBytes);
  }

  /** The program of trailers, as `request`. */
  trailers(fields: Fields): HeadProgram {
    return this.#encode('trailers', '', '', fields, 0);
  }

  /** Lets go what an encoder at rest does not need. */
  rest(): void {
    this.#table.rest();
  }

  #encode(
    kind: HeadKind,
    start: string,
    second: string,
    fields: Fields,
    bodyBytes: number,
  ): HeadProgram {
    const program = this.#program;
    program.clear();
    const room = this.#room;
    const mustSpell =
      room.isTight && room.mustSpell(startSize(kind, start, second), fields.raw, bodyBytes);
    if (this.apart || mustSpell) {
      this.#spell(kind, start, second, fields.raw);
      return program;
    }
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

  /** Writes a head out. Only names may be named by their slots, and those of secrets must be (W-060). */
  #spell(kind: HeadKind, start: string, second: string, raw: readonly string[]): void {
    checkHead(kind, start, second, raw, this.#limits);
    this.#checkSecrets(raw);
    const table = this.#table;
    const { ops, texts, blobs } = this.#program;
    const flat = flatten(kind, start, second, raw);
    table.begin();
    for (let i = 0; i < flat.length; i += 2) {
      const name = flat[i] ?? '';
      const value = flat[i + 1] ?? '';
      const secret = !this.#inline && table.isSecret(name);
      if (secret) table.storeName(table.name(name), ops, texts, true);
      const slot = table.slotOf(name);
      if (slot === undefined) {
        ops.push(OP_LITERAL);
        texts.push(name, value);
      } else if (secret) {
        ops.push(OP_SECRET, slot);
        blobs.push(value);
      } else {
        ops.push((slot << 2) | OP_VALUE);
        texts.push(value);
      }
    }
  }

  /** A head that no recent template stands for: one of a shape met before, or a new one. */
  #look(kind: HeadKind, start: string, second: string, fields: Fields): void {
    const raw = fields.raw;
    const size = checkHead(kind, start, second, raw, this.#limits);
    this.#checkSecrets(raw);
    const key = shapeKey(kind, start, second, raw);
    const template = this.#shapes.find(key)?.template;
    if (template?.matches(kind, start, second, fields)) {
      this.#remember(template);
      this.#use(template, second, raw);
      return;
    }
    const flat = flatten(kind, start, second, raw);
    const shape = this.#shapes.learn(key, flat, size);
    const holes = this.#writeOut(shape, flat);
    if (holes !== undefined)
      this.#keep(shape, { kind, flat, pseudos: (flat.length - raw.length) / 2, holes });
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
      const info = hole.info;
      const value = template.valueIn(hole, second, raw);
      const blob = info.secret && !this.#inline;
      if (info.habit.worthLooking()) {
        const field = table.field(info, value);
        if (field !== undefined) {
          info.habit.known();
          ops.push(field.slot << 2);
          plain = false;
          continue;
        }
        const stored = this.#worthStoring(info, value) ? this.#store(info, value) : undefined;
        if (stored !== undefined) {
          if (blob) ops.push(FILL_BLOB_STORE, stored.slot);
          else ops.push((stored.slot << 2) | OP_STORE);
          (blob ? blobs : texts).push(value);
          plain = false;
          continue;
        }
      }
      ops.push(blob ? FILL_BLOB : FILL_TEXT);
      (blob ? blobs : texts).push(value);
    }
    // Entries may have been dropped for a field that then found no room.
    if (plain && ops.length === template.holes.length) ops.length = 0;
  }

  /** Writes a head out, field by field. Gives the holes of the block that it is to be kept as, if it is. */
  #writeOut(shape: Shape, flat: readonly string[]): HeadDraft['holes'] | undefined {
    const table = this.#table;
    const { ops, texts } = this.#program;
    table.begin();
    for (let old = this.#shapes.oldestBeyond(); old; old = this.#shapes.oldestBeyond()) {
      if (old.template !== undefined) table.drop(old.template.entry, ops);
    }
    const infos: NameInfo[] = [];
    for (let i = 0; i < flat.length; i += 2) infos.push(table.name(flat[i] ?? ''));
    const holes: { position: number; info: NameInfo }[] | undefined = this.#worthKeeping(
      shape,
      flat,
      infos,
    )
      ? []
      : undefined;
    for (let position = 0; position < infos.length; position++) {
      const info = infos[position];
      if (info === undefined) continue;
      const value = flat[2 * position + 1] ?? '';
      const variable = shape.variable[position] === true;
      table.storeName(info, ops, texts, !this.#inline);
      if (holes === undefined) this.#addField(info, value, false, false);
      else if (this.#addField(info, value, variable, !variable)) holes.push({ position, info });
    }
    return holes;
  }

  /**
   * Whether a head is worth keeping as a block. Values in its holes must be said as text though the
   * table has them, or might have them the next time: that must not cost more than blocks would have
   * saved on the heads of this shape so far.
   */
  #worthKeeping(shape: Shape, flat: readonly string[], infos: readonly NameInfo[]): boolean {
    let cost = 0;
    for (let position = 0; position < infos.length; position++) {
      const info = infos[position];
      if (info === undefined) continue;
      const value = flat[2 * position + 1] ?? '';
      const steady = info.habit.repeats(STEADY);
      if (!steady && !isStart(info)) shape.variable[position] = true;
      if (shape.variable[position] !== true) continue;
      if (steady || info.fields.has(value)) cost += value.length;
    }
    if (cost > shape.debt) {
      shape.debt += BLOCK_GAIN;
      return false;
    }
    shape.debt = 0;
    return true;
  }

  /**
   * Writes one field out. It is fixed in a block that is made of the head when it comes from the
   * table or goes there; tells whether it is a hole instead.
   */
  #addField(info: NameInfo, value: string, hole: boolean, fixed: boolean): boolean {
    const { ops, texts, blobs } = this.#program;
    const nameSlot = info.entry?.slot;
    if (nameSlot === undefined) {
      ops.push(OP_LITERAL);
      texts.push(info.name, value);
      return true;
    }
    const blob = info.secret && !this.#inline;
    const known = this.#table.field(info, value);
    if (known !== undefined) info.habit.known();
    if (!hole && known !== undefined) {
      ops.push((known.slot << 2) | OP_FIELD);
      return false;
    }
    const worth = known === undefined && this.#worthStoring(info, value);
    const stored = fixed || (worth && !hole) ? this.#store(info, value) : undefined;
    if (stored !== undefined) {
      if (blob) ops.push(OP_SECRET_STORE, nameSlot, stored.slot);
      else ops.push((nameSlot << 2) | OP_STORE, stored.slot);
    } else if (blob) ops.push(OP_SECRET, nameSlot);
    else ops.push((nameSlot << 2) | OP_VALUE);
    (blob ? blobs : texts).push(value);
    return stored === undefined;
  }

  /**
   * Whether a value that the table does not have should go there; its habit learns of it. When others
   * have to go for it, it must have been met before.
   */
  #worthStoring(info: NameInfo, value: string): boolean {
    const habit = info.habit;
    const metBefore = habit.met(value);
    const packed = !this.#inline && !info.secret;
    if (!habit.repeats(packed ? STEADY_PACKED : STORING_COST / value.length)) return false;
    return metBefore || habit.repeats(STEADY) || this.#table.hasRoom(info, value);
  }

  #store(info: NameInfo, value: string): SendEntry | undefined {
    if (value.length > LONGEST_STORED) return undefined;
    return this.#table.storeField(info, value, info.habit.repeats(STEADY), this.#program.ops);
  }

  #keep(shape: Shape, draft: HeadDraft): void {
    const { flat, holes } = draft;
    let size = FIELD_OVERHEAD * (1 + flat.length / 2);
    for (const text of flat) size += text.length;
    for (const { position } of holes) size -= flat[2 * position + 1]?.length ?? 0;
    const holder = () => {
      if (shape.template !== undefined) this.#retire(shape.template);
      shape.template = undefined;
    };
    const over = shape.template?.entry;
    const entry = this.#table.store({ size, short: false, holder, over }, this.#program.ops);
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

/** Whether that is the name of what heads of one shape share, so that it is never a hole. */
function isStart(info: NameInfo): boolean {
  return info.name === ':method' || info.name === ':status';
}
