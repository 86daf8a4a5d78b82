import type { ByteOps } from './bytes.ts';
import { type ErrorCode, TpError } from './errors.ts';
import { Fields } from './fields.ts';
import { RequestHead, ResponseHead } from './head.ts';
import { isFieldValue, isTarget, isToken, parseStatus } from './legal.ts';
import {
  FIELD_OVERHEAD,
  HEAD_ABUSE_FACTOR,
  MAX_NAME,
  MAX_PATH,
  MAX_TRAILERS,
  MAX_VALUE,
  type WireLimits,
} from './limits.ts';
import { protocolError } from './reader.ts';
import {
  FILL_BLOB,
  FILL_BLOB_STORE,
  FILL_TEXT,
  FIRST_SLOT,
  OP_DROP,
  OP_FIELD,
  OP_LITERAL,
  OP_NAME,
  OP_SECRET,
  OP_SECRET_STORE,
  OP_STORE,
  OP_VALUE,
  PSEUDO_NAMES,
} from './schema.ts';

/** A broken rule that ends the stream and not the link (W-061 to W-063). */
export interface Flaw {
  readonly code: ErrorCode;
  readonly message: string;
}

/** The pieces of a head as a record brought them, before the table explains them. */
export class HeadParts {
  block = 0;
  keep = 0;
  readonly ops: number[] = [];
  /** Where each text starts and ends in `bytes`, in turn. */
  readonly texts: number[] = [];
  bytes: Uint8Array = new Uint8Array(0);

  clear(bytes: Uint8Array): void {
    this.block = 0;
    this.keep = 0;
    if (this.ops.length > 0) this.ops.length = 0;
    if (this.texts.length > 0) this.texts.length = 0;
    this.bytes = bytes;
  }
}

/** Gives the next blob of the envelope (W-064); throws PROTOCOL when there is none. */
export type TakeBlob = () => Uint8Array;

type HeadKind = 'request' | 'response' | 'trailers';

interface Name {
  readonly kind: 'name';
  readonly size: number;
  readonly name: string;
}
interface Field {
  readonly kind: 'field';
  readonly size: number;
  readonly name: string;
  readonly value: string;
}
interface Hole {
  /** Index of the value in the flat list. */
  readonly at: number;
  readonly name: string;
  readonly secret: boolean;
}
interface Block {
  readonly kind: 'block';
  readonly size: number;
  /** Names and values in turn, pseudo fields first; holes have an empty value. */
  readonly flat: readonly string[];
  readonly holes: readonly Hole[];
  /** The head itself, made at its first use, when there is nothing to fill. */
  readonly heads: { request?: Outcome<RequestHead>; response?: Outcome<ResponseHead> };
}
type Entry = Name | Field | Block;
type Outcome<T> = T | Flaw;

/**
 * The receiver's side of a direction's table: runs head programs (docs/protocol.md, section 6) and
 * hands out heads. A head that repeats is the same object each time.
 */
export class HeadDecoder {
  readonly #ops: ByteOps;
  readonly #limits: WireLimits;
  readonly #slots: (Entry | undefined)[] = [];
  #tableBytes = 0;
  #flat: string[] = [];
  #holes: Hole[] = [];
  #parts: HeadParts = new HeadParts();
  #opAt = 0;
  #textAt = 0;

  constructor(ops: ByteOps, limits: WireLimits) {
    this.#ops = ops;
    this.#limits = limits;
    for (const name of PSEUDO_NAMES) this.#slots.push({ kind: 'name', size: 0, name });
  }

  /** Bytes that the table holds, as W-051 counts them. */
  get tableBytes(): number {
    return this.#tableBytes;
  }

  /**
   * A request's head, or the flaw that ends its stream.
   *
   * @throws {TpError} PROTOCOL, COMPRESSION or HEAD_LIMIT for what ends the link.
   */
  request(parts: HeadParts, blob: TakeBlob): Outcome<RequestHead> {
    const block = this.#run(parts, blob);
    if (block === undefined) return this.#makeRequest(this.#flat);
    return (block.heads.request ??= this.#makeRequest(block.flat));
  }

  /** A response's head, as `request`. */
  response(parts: HeadParts, blob: TakeBlob): Outcome<ResponseHead> {
    const block = this.#run(parts, blob);
    if (block === undefined) return this.#makeResponse(this.#flat);
    return (block.heads.response ??= this.#makeResponse(block.flat));
  }

  /** The fields of trailers, as `request`. */
  trailers(parts: HeadParts, blob: TakeBlob): Outcome<Fields> {
    const block = this.#run(parts, blob);
    const flat = block === undefined ? this.#flat : block.flat;
    const flaw = this.#flawOf(flat, 0, 'trailers');
    if (flaw !== undefined) return flaw;
    return new Fields(flat);
  }

  /** Runs the program. Gives the block when it stands for the whole head, else leaves the list in `#flat`. */
  #run(parts: HeadParts, blob: TakeBlob): Block | undefined {
    this.#parts = parts;
    this.#opAt = 0;
    this.#textAt = 0;
    if (parts.block !== 0) {
      if (parts.keep !== 0)
        throw protocolError('a head both uses a block and is kept as one (W-058)');
      const block = this.#slots[parts.block];
      if (block?.kind !== 'block') throw noEntry(parts.block, 'block');
      if (block.holes.length === 0 && parts.ops.length === 0) {
        if (parts.texts.length > 0) throw leftOver();
        return block;
      }
      this.#fill(block, blob);
    } else {
      this.#flat = [];
      this.#holes = [];
      this.#build(blob);
    }
    if (this.#textAt < parts.texts.length) throw leftOver();
    if (parts.keep !== 0) this.#keep(parts.keep);
    return undefined;
  }

  #build(blob: TakeBlob): void {
    const ops = this.#parts.ops;
    let size = 0;
    while (this.#opAt < ops.length) {
      const op = this.#nextOp();
      const argument = op >>> 2;
      const before = this.#flat.length;
      switch (op & 3) {
        case OP_FIELD: {
          const field = this.#field(argument);
          this.#flat.push(field.name, field.value);
          break;
        }
        case OP_VALUE:
          this.#addHole(this.#nameIn(argument), this.#nextText(), false);
          break;
        case OP_STORE: {
          const slot = this.#nextOp();
          const name = this.#nameIn(argument);
          const value = this.#nextText();
          this.#storeField(slot, name, value);
          this.#flat.push(name, value);
          break;
        }
        default:
          this.#buildOther(op, blob);
      }
      if (this.#flat.length > before) {
        size += this.#lengthAt(before) + this.#lengthAt(before + 1) + FIELD_OVERHEAD;
        this.#checkAbuse(size);
      }
    }
  }

  #buildOther(op: number, blob: TakeBlob): void {
    switch (op) {
      case OP_LITERAL: {
        const name = this.#nextText();
        this.#addHole(name, this.#nextText(), false);
        return;
      }
      case OP_NAME: {
        const slot = this.#nextOp();
        const name = this.#nextText();
        this.#store(slot, { kind: 'name', size: name.length + FIELD_OVERHEAD, name });
        return;
      }
      case OP_SECRET:
        this.#addHole(this.#nameIn(this.#nextOp()), this.#text(blob()), true);
        return;
      case OP_SECRET_STORE: {
        const name = this.#nameIn(this.#nextOp());
        const slot = this.#nextOp();
        const value = this.#text(blob());
        this.#storeField(slot, name, value);
        this.#flat.push(name, value);
        return;
      }
      case OP_DROP:
        this.#drop(this.#nextOp());
        return;
      default:
        throw protocolError(`${op} is no operation of a head program (W-055)`);
    }
  }

  #fill(block: Block, blob: TakeBlob): void {
    const flat = block.flat.slice();
    const ops = this.#parts.ops;
    for (const hole of block.holes) {
      if (ops.length > 0) flat[hole.at] = this.#fillFrom(hole, blob);
      else flat[hole.at] = hole.secret ? this.#text(blob()) : this.#nextText();
    }
    while (this.#opAt < ops.length) {
      if (this.#nextOp() !== OP_DROP)
        throw protocolError('a head fills more holes than its block has (W-058)');
      this.#drop(this.#nextOp());
    }
    let size = 0;
    for (let i = 0; i < flat.length; i += 2) {
      size += (flat[i]?.length ?? 0) + (flat[i + 1]?.length ?? 0) + FIELD_OVERHEAD;
    }
    this.#checkAbuse(size);
    this.#flat = flat;
  }

  #fillFrom(hole: Hole, blob: TakeBlob): string {
    for (;;) {
      const op = this.#nextOp();
      const argument = op >>> 2;
      if (op === OP_DROP) {
        this.#drop(this.#nextOp());
        continue;
      }
      if (op === FILL_TEXT) return this.#nextText();
      if (op === FILL_BLOB) return this.#text(blob());
      if (op === FILL_BLOB_STORE) {
        const slot = this.#nextOp();
        return this.#storeField(slot, hole.name, this.#text(blob()));
      }
      if ((op & 3) === OP_STORE) return this.#storeField(argument, hole.name, this.#nextText());
      if ((op & 3) === OP_FIELD) {
        const field = this.#field(argument);
        if (field.name !== hole.name) {
          throw new TpError({
            code: 'COMPRESSION',
            message: `slot ${argument} has a field of another name than the hole that it fills (W-057)`,
          });
        }
        return field.value;
      }
      throw protocolError(`${op} is no fill of a block's hole (W-058)`);
    }
  }

  #addHole(name: string, value: string, secret: boolean): void {
    this.#flat.push(name, value);
    this.#holes.push({ at: this.#flat.length - 1, name, secret });
  }

  #keep(slot: number): void {
    const flat = this.#flat.slice();
    let size = FIELD_OVERHEAD;
    for (const hole of this.#holes) flat[hole.at] = '';
    for (let i = 0; i < flat.length; i += 2) {
      size += (flat[i]?.length ?? 0) + (flat[i + 1]?.length ?? 0) + FIELD_OVERHEAD;
    }
    this.#store(slot, { kind: 'block', size, flat, holes: this.#holes, heads: {} });
  }

  #storeField(slot: number, name: string, value: string): string {
    const size = name.length + value.length + FIELD_OVERHEAD;
    this.#store(slot, { kind: 'field', size, name, value });
    return value;
  }

  #store(slot: number, entry: Entry): void {
    if (slot < FIRST_SLOT || slot >= this.#limits.tableBytes / FIELD_OVERHEAD) {
      throw new TpError({
        code: 'COMPRESSION',
        message: `slot ${slot} is outside the table (W-052)`,
      });
    }
    while (this.#slots.length <= slot) this.#slots.push(undefined);
    this.#tableBytes += entry.size - (this.#slots[slot]?.size ?? 0);
    this.#slots[slot] = entry;
    if (this.#tableBytes > this.#limits.tableBytes) {
      throw new TpError({
        code: 'COMPRESSION',
        message: `the table has grown to ${this.#tableBytes} bytes, above ${this.#limits.tableBytes} (W-051)`,
      });
    }
  }

  #drop(slot: number): void {
    const entry = this.#slots[slot];
    if (entry === undefined || slot < FIRST_SLOT) throw noEntry(slot, 'entry to drop');
    this.#tableBytes -= entry.size;
    this.#slots[slot] = undefined;
  }

  #field(slot: number): Field {
    const entry = this.#slots[slot];
    if (entry?.kind !== 'field') throw noEntry(slot, 'field');
    return entry;
  }

  #nameIn(slot: number): string {
    const entry = this.#slots[slot];
    if (entry === undefined || entry.kind === 'block') throw noEntry(slot, 'name');
    return entry.name;
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

  #lengthAt(index: number): number {
    return this.#flat[index]?.length ?? 0;
  }

  #checkAbuse(size: number): void {
    if (size > this.#limits.headBytes * HEAD_ABUSE_FACTOR) {
      throw new TpError({
        code: 'HEAD_LIMIT',
        message: `a head is larger than ${HEAD_ABUSE_FACTOR} times ${this.#limits.headBytes} bytes (W-063)`,
      });
    }
  }

  #makeRequest(flat: readonly string[]): Outcome<RequestHead> {
    const method = flat[0] === ':method' ? flat[1] : undefined;
    const path = flat[2] === ':path' ? flat[3] : undefined;
    if (method === undefined || path === undefined) {
      return flaw("a request's head does not start with :method and :path (W-061)");
    }
    if (path.length > MAX_PATH) return tooLarge(`a path is longer than ${MAX_PATH} bytes`);
    if (!isToken(method)) return flaw('a method is not a token (W-062)');
    if (!isTarget(path)) return flaw('a path is empty or has a byte that is not allowed (W-062)');
    const found = this.#flawOf(flat, 4, 'request');
    return found ?? new RequestHead(method, path, new Fields(flat.slice(4)));
  }

  #makeResponse(flat: readonly string[]): Outcome<ResponseHead> {
    const status = flat[0] === ':status' ? parseStatus(flat[1] ?? '') : 0;
    if (status === 0) {
      return flaw("a response's head does not start with :status from 100 to 599 (W-061)");
    }
    const reason = flat[2] === ':reason' ? (flat[3] ?? '') : '';
    if (!isFieldValue(reason)) return flaw('a reason has a byte that is not allowed (W-062)');
    const from = flat[2] === ':reason' ? 4 : 2;
    const found = this.#flawOf(flat, from, 'response');
    return found ?? new ResponseHead(status, new Fields(flat.slice(from)), reason);
  }

  #flawOf(flat: readonly string[], from: number, kind: HeadKind): Flaw | undefined {
    const fields = (flat.length - from) / 2;
    if (kind === 'trailers') {
      if (fields > MAX_TRAILERS)
        return flaw(`there are more than ${MAX_TRAILERS} trailers (W-063)`);
    } else if (fields > this.#limits.fields) {
      return tooLarge(`a head has more than ${this.#limits.fields} fields`);
    }
    let size = 0;
    for (let i = 0; i < flat.length; i += 2) {
      const name = flat[i] ?? '';
      const value = flat[i + 1] ?? '';
      size += name.length + value.length + FIELD_OVERHEAD;
      if (i < from) continue;
      if (name.length > MAX_NAME) return tooLarge(`a name is longer than ${MAX_NAME} bytes`);
      if (value.length > MAX_VALUE) return tooLarge(`a value is longer than ${MAX_VALUE} bytes`);
      if (!isToken(name)) return flaw('the name of a field is not a token (W-062)');
      if (!isFieldValue(value))
        return flaw('the value of a field has a byte that is not allowed (W-062)');
    }
    if (size > this.#limits.headBytes) {
      return tooLarge(`a head is larger than ${this.#limits.headBytes} bytes`);
    }
    return undefined;
  }
}

function flaw(message: string): Flaw {
  return { code: 'PROTOCOL', message };
}

function tooLarge(message: string): Flaw {
  return { code: 'HEAD_LIMIT', message: `${message} (W-063)` };
}

function leftOver(): TpError {
  return protocolError('a head program leaves texts over (W-055)');
}

function noEntry(slot: number, wanted: string): TpError {
  return new TpError({ code: 'COMPRESSION', message: `slot ${slot} has no ${wanted} (W-054)` });
}
