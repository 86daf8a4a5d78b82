import type { ByteOps } from './bytes.ts';
import { TpError } from './errors.ts';
import { Fields } from './fields.ts';
import { type FieldName, type Flaw, fieldName, flawed, flawOfValue, tooLarge } from './flaw.ts';
import { RequestHead, ResponseHead } from './head.ts';
import { parseStatus } from './legal.ts';
import { FIELD_OVERHEAD, HEAD_ABUSE_FACTOR, MAX_TRAILERS, type WireLimits } from './limits.ts';
import { protocolError } from './reader.ts';
import { type BlockEntry, compression, type Hole, ReceiveTable } from './receive-table.ts';
import {
  FILL_BLOB,
  FILL_BLOB_STORE,
  FILL_TEXT,
  OP_DROP,
  OP_FIELD,
  OP_LITERAL,
  OP_NAME,
  OP_SECRET,
  OP_SECRET_STORE,
  OP_STORE,
  OP_VALUE,
} from './schema.ts';

/** The pieces of a head as a record brought them, before the table explains them. */
export class HeadParts {
  block = 0;
  keep = 0;
  readonly ops: number[] = [];
  /** Where each text starts and ends in `bytes`, in turn. */
  readonly texts: number[] = [];
  /** The batch that they stand in. */
  bytes: Uint8Array = new Uint8Array(0);

  clear(): void {
    this.block = 0;
    this.keep = 0;
    if (this.ops.length > 0) this.ops.length = 0;
    if (this.texts.length > 0) this.texts.length = 0;
  }
}

/** Gives the next blob of the envelope (W-064); throws PROTOCOL when there is none. */
export type TakeBlob = () => Uint8Array;

/**
 * Runs head programs (docs/protocol.md, section 6) over the receiver's side of a direction's table
 * and hands out heads. A head that repeats is the same object each time.
 */
export class HeadDecoder {
  readonly #ops: ByteOps;
  readonly #limits: WireLimits;
  readonly #table: ReceiveTable;
  #parts: HeadParts = new HeadParts();
  #opAt = 0;
  #textAt = 0;

  /* The head at hand. */
  #flat: readonly string[] = [];
  #holes: Hole[] = [];
  /** As W-063 counts it. */
  #size = 0;
  #pseudos = 0;
  /** What is wrong with names and fixed values, which a block made of this head keeps. */
  #fixedFlaw: Flaw | undefined;
  /** What is wrong with the values in holes. */
  #holeFlaw: Flaw | undefined;

  constructor(ops: ByteOps, limits: WireLimits) {
    this.#ops = ops;
    this.#limits = limits;
    this.#table = new ReceiveTable(limits.tableBytes);
  }

  /** Bytes that the table holds, as W-051 counts them. */
  get tableBytes(): number {
    return this.#table.bytes;
  }

  /**
   * A request's head, or the flaw that ends its stream.
   *
   * @throws {TpError} PROTOCOL, COMPRESSION or HEAD_LIMIT for what ends the link.
   */
  request(parts: HeadParts, blob: TakeBlob): RequestHead | Flaw {
    const block = this.#run(parts, blob);
    if (block === undefined) return this.#makeRequest();
    return (block.heads.request ??= this.#load(block).#makeRequest());
  }

  /** A response's head, as `request`. */
  response(parts: HeadParts, blob: TakeBlob): ResponseHead | Flaw {
    const block = this.#run(parts, blob);
    if (block === undefined) return this.#makeResponse();
    return (block.heads.response ??= this.#load(block).#makeResponse());
  }

  /** The fields of trailers, as `request`. */
  trailers(parts: HeadParts, blob: TakeBlob): Fields | Flaw {
    const block = this.#run(parts, blob);
    if (block === undefined) return this.#makeTrailers();
    return (block.heads.trailers ??= this.#load(block).#makeTrailers());
  }

  /** Runs the program. Gives the block when it stands for the whole head, else leaves the head in `#flat`. */
  #run(parts: HeadParts, blob: TakeBlob): BlockEntry | undefined {
    this.#parts = parts;
    this.#opAt = 0;
    this.#textAt = 0;
    if (parts.block !== 0) {
      if (parts.keep !== 0)
        throw protocolError('a head both uses a block and is kept as one (W-058)');
      const block = this.#table.block(parts.block);
      if (block.holes.length === 0 && parts.ops.length === 0) {
        if (parts.texts.length > 0) throw leftOver();
        return block;
      }
      this.#fill(block, blob);
    } else {
      this.#build(blob);
    }
    if (this.#textAt < parts.texts.length) throw leftOver();
    if (parts.keep !== 0) this.#keep(parts.keep);
    return undefined;
  }

  #build(blob: TakeBlob): void {
    const ops = this.#parts.ops;
    const table = this.#table;
    const flat: string[] = [];
    this.#flat = flat;
    this.#holes = [];
    this.#size = 0;
    this.#pseudos = 0;
    this.#fixedFlaw = undefined;
    this.#holeFlaw = undefined;
    while (this.#opAt < ops.length) {
      const op = this.#nextOp();
      const argument = op >>> 2;
      switch (op & 3) {
        case OP_FIELD: {
          const field = table.field(argument);
          this.#add(flat, field.name, field.value, field.flaw);
          break;
        }
        case OP_VALUE:
          this.#addHole(flat, table.name(argument), this.#nextText(), false);
          break;
        case OP_STORE: {
          const slot = this.#nextOp();
          const field = table.storeField(slot, table.name(argument), this.#nextText());
          this.#add(flat, field.name, field.value, field.flaw);
          break;
        }
        default:
          this.#buildOther(op, flat, blob);
      }
    }
  }

  #buildOther(op: number, flat: string[], blob: TakeBlob): void {
    const table = this.#table;
    switch (op) {
      case OP_LITERAL: {
        const name = fieldName(this.#nextText());
        this.#addHole(flat, name, this.#nextText(), false);
        return;
      }
      case OP_NAME: {
        const slot = this.#nextOp();
        table.storeName(slot, this.#nextText());
        return;
      }
      case OP_SECRET: {
        const name = table.name(this.#nextOp());
        this.#addHole(flat, name, this.#text(blob()), true);
        return;
      }
      case OP_SECRET_STORE: {
        const name = table.name(this.#nextOp());
        const slot = this.#nextOp();
        const field = table.storeField(slot, name, this.#text(blob()));
        this.#add(flat, name, field.value, field.flaw);
        return;
      }
      case OP_DROP:
        table.drop(this.#nextOp());
        return;
      default:
        throw protocolError(`${op} is no operation of a head program (W-055)`);
    }
  }

  #add(flat: string[], name: FieldName, value: string, flaw: Flaw | undefined): void {
    flat.push(name.text, value);
    this.#fixedFlaw ??= name.flaw ?? flaw;
    if (name.pseudo) this.#pseudos++;
    this.#grow(name.text.length + value.length + FIELD_OVERHEAD);
  }

  #addHole(flat: string[], name: FieldName, value: string, secret: boolean): void {
    this.#add(flat, name, value, undefined);
    this.#holeFlaw ??= flawOfValue(name, value);
    this.#holes.push({ at: flat.length - 1, name, secret });
  }

  /** Starts from what a block has. */
  #load(block: BlockEntry): this {
    this.#flat = block.flat;
    this.#size = block.size - FIELD_OVERHEAD;
    this.#pseudos = block.pseudos;
    this.#fixedFlaw = block.flaw;
    this.#holeFlaw = undefined;
    return this;
  }

  #fill(block: BlockEntry, blob: TakeBlob): void {
    this.#load(block);
    const flat = block.flat.slice();
    const ops = this.#parts.ops;
    for (const hole of block.holes) {
      const value =
        ops.length > 0
          ? this.#fillFrom(hole, blob)
          : this.#judged(hole, hole.secret ? this.#text(blob()) : this.#nextText());
      flat[hole.at] = value;
      this.#grow(value.length);
    }
    while (this.#opAt < ops.length) {
      if (this.#nextOp() !== OP_DROP)
        throw protocolError('a head fills more holes than its block has (W-058)');
      this.#table.drop(this.#nextOp());
    }
    this.#flat = flat;
  }

  #fillFrom(hole: Hole, blob: TakeBlob): string {
    for (;;) {
      const op = this.#nextOp();
      if (op === OP_DROP) {
        this.#table.drop(this.#nextOp());
        continue;
      }
      if (op === FILL_TEXT) return this.#judged(hole, this.#nextText());
      if (op === FILL_BLOB) return this.#judged(hole, this.#text(blob()));
      if (op === FILL_BLOB_STORE) {
        const slot = this.#nextOp();
        return this.#stored(slot, hole, this.#text(blob()));
      }
      const argument = op >>> 2;
      if ((op & 3) === OP_STORE) return this.#stored(argument, hole, this.#nextText());
      if ((op & 3) === OP_FIELD) {
        const field = this.#table.field(argument);
        if (field.name.text !== hole.name.text) {
          throw compression(
            `slot ${argument} has a field of another name than the hole that it fills (W-057)`,
          );
        }
        this.#holeFlaw ??= field.flaw;
        return field.value;
      }
      throw protocolError(`${op} is no fill of a block's hole (W-058)`);
    }
  }

  #judged(hole: Hole, value: string): string {
    this.#holeFlaw ??= flawOfValue(hole.name, value);
    return value;
  }

  #stored(slot: number, hole: Hole, value: string): string {
    this.#holeFlaw ??= this.#table.storeField(slot, hole.name, value).flaw;
    return value;
  }

  #keep(slot: number): void {
    const flat = this.#flat.slice();
    let size = FIELD_OVERHEAD + this.#size;
    for (const hole of this.#holes) {
      size -= flat[hole.at]?.length ?? 0;
      flat[hole.at] = '';
    }
    this.#table.store(slot, {
      kind: 'block',
      size,
      flat,
      holes: this.#holes,
      pseudos: this.#pseudos,
      flaw: this.#fixedFlaw,
      heads: {},
    });
  }

  #nextOp(): number {
    const op = this.#parts.ops[this.#opAt++];
    if (op === undefined)
      throw protocolError('a head program ends in the middle of an operation (W-055)');
    return op;
  }

  #nextText(): string {
    const texts = this.#parts.texts;
    const start = texts[this.#textAt];
    const end = texts[this.#textAt + 1];
    if (start === undefined || end === undefined) {
      throw protocolError('a head program wants more texts than its record has (W-055)');
    }
    this.#textAt += 2;
    return this.#ops.readLatin1(this.#parts.bytes, start, end);
  }

  #text(bytes: Uint8Array): string {
    return this.#ops.readLatin1(bytes, 0, bytes.length);
  }

  #grow(bytes: number): void {
    this.#size += bytes;
    if (this.#size > this.#limits.headBytes * HEAD_ABUSE_FACTOR) {
      throw new TpError({
        code: 'HEAD_LIMIT',
        message: `a head is larger than ${HEAD_ABUSE_FACTOR} times ${this.#limits.headBytes} bytes (W-063)`,
      });
    }
  }

  #makeRequest(): RequestHead | Flaw {
    const flat = this.#flat;
    if (flat[0] !== ':method' || flat[2] !== ':path' || this.#pseudos !== 2) {
      return flawed("a request's head does not start with :method and :path, once each (W-061)");
    }
    const found = this.#flaw();
    return found ?? new RequestHead(flat[1] ?? '', flat[3] ?? '', new Fields(flat.slice(4)));
  }

  #makeResponse(): ResponseHead | Flaw {
    const flat = this.#flat;
    const hasReason = flat[2] === ':reason';
    if (flat[0] !== ':status' || this.#pseudos !== (hasReason ? 2 : 1)) {
      return flawed("a response's head does not start with :status, once (W-061)");
    }
    const found = this.#flaw();
    if (found !== undefined) return found;
    const fields = new Fields(flat.slice(hasReason ? 4 : 2));
    return new ResponseHead(parseStatus(flat[1] ?? ''), fields, hasReason ? (flat[3] ?? '') : '');
  }

  #makeTrailers(): Fields | Flaw {
    if (this.#pseudos !== 0) return flawed('trailers have a pseudo field (W-061)');
    if (this.#flat.length / 2 > MAX_TRAILERS) {
      return flawed(`there are more than ${MAX_TRAILERS} trailers (W-063)`);
    }
    return this.#flaw() ?? new Fields(this.#flat);
  }

  #flaw(): Flaw | undefined {
    const limits = this.#limits;
    if (this.#flat.length / 2 - this.#pseudos > limits.fields) {
      return tooLarge(`a head has more than ${limits.fields} fields`);
    }
    const found = this.#fixedFlaw ?? this.#holeFlaw;
    if (found !== undefined || this.#size <= limits.headBytes) return found;
    return tooLarge(`a head is larger than ${limits.headBytes} bytes`);
  }
}

function leftOver(): TpError {
  return protocolError('a head program leaves texts over (W-055)');
}
