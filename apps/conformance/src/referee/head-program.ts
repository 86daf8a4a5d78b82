import type { Limits } from '../craft/hello.ts';
import { judgeHead, judgeSize } from './legal-head.ts';
import type { Message } from './message.ts';
import type { TextField } from './said.ts';
import { type Block, type Hole, Table } from './table.ts';
import { Violation } from './violation.ts';

/** Gives the next blob of the envelope (W-064). */
export type TakeBlob = () => Uint8Array;

/** Where a head stands and of what kind it is. */
export interface HeadContext {
  readonly kind: 'request' | 'response' | 'trailers';
  /** Whether the record went through the window, where secrets may not be (W-060). */
  readonly isPacked: boolean;
  readonly takeBlob: TakeBlob;
}

/** Names of W-060. */
const SECRETS = new Set([
  'authorization',
  'cookie',
  'set-cookie',
  'proxy-authorization',
  'x-api-key',
]);

/** Runs the peer's head programs over its table, and judges the program and the head that comes out. */
export class HeadPrograms {
  readonly table: Table;
  readonly #limits: Limits;
  #ops: readonly number[] = [];
  #opAt = 0;
  #texts: readonly Uint8Array[] = [];
  #textAt = 0;
  #message: Message | undefined;
  #context: HeadContext | undefined;

  /** @param limits what the kit's hello accepts. */
  constructor(limits: Limits) {
    this.#limits = limits;
    this.table = new Table(limits.tableBytes);
  }

  /** The head that the record stands for. */
  run(message: Message, context: HeadContext): readonly TextField[] {
    this.#message = message;
    this.#context = context;
    this.#ops = message.uints(3);
    this.#texts = message.pieces(4);
    this.#opAt = 0;
    this.#textAt = 0;
    const block = message.uint(2);
    const keep = message.uint(5);
    if (block !== 0 && keep !== 0) throw this.#broken('W-058', 'keep stands together with block');
    const fields = block === 0 ? this.#build(keep) : this.#fill(this.table.block(block));
    if (this.#textAt < this.#texts.length) throw this.#broken('W-055', 'texts are left over');
    judgeSize(fields, this.#limits);
    judgeHead(context.kind, fields, this.#limits);
    return fields;
  }

  #build(keep: number): TextField[] {
    const fields: TextField[] = [];
    const holes: Hole[] = [];
    while (this.#opAt < this.#ops.length) this.#operation(fields, holes);
    if (keep !== 0) this.table.keep(keep, fields, holes);
    return fields;
  }

  #operation(fields: TextField[], holes: Hole[]): void {
    const { table } = this;
    const op = this.#op();
    const slot = Math.floor(op / 4);
    const hole = (secret: boolean) => holes.push({ at: fields.length - 1, secret });
    switch (op % 4) {
      case 0:
        fields.push(table.field(slot));
        return;
      case 1: {
        const name = table.name(slot);
        fields.push([name, this.#text(name)]);
        hole(false);
        return;
      }
      case 2: {
        const name = table.name(slot);
        const into = this.#op();
        fields.push(table.storeField(into, name, this.#text(name)));
        return;
      }
    }
    switch (op) {
      case 3: {
        const name = this.#text();
        fields.push([name, this.#text(name)]);
        hole(false);
        return;
      }
      case 7:
        table.storeName(this.#op(), this.#text());
        return;
      case 11:
        fields.push([table.name(this.#op()), this.#blob()]);
        hole(true);
        return;
      case 15: {
        const name = table.name(this.#op());
        fields.push(table.storeField(this.#op(), name, this.#blob()));
        return;
      }
      case 19:
        table.drop(this.#op());
        return;
      default:
        throw this.#broken('W-055', `${op} is no operation`);
    }
  }

  #fill(block: Block): TextField[] {
    const fields = [...block.fields];
    for (const { at, secret } of block.holes) {
      const name = fields[at]?.[0] ?? '';
      fields[at] = [name, this.#ops.length > 0 ? this.#fillOne(name) : this.#next(name, secret)];
    }
    while (this.#opAt < this.#ops.length) {
      if (this.#op() !== 19) throw this.#broken('W-058', 'there are more fills than holes');
      this.table.drop(this.#op());
    }
    return fields;
  }

  #next(name: string, secret: boolean): string {
    return secret ? this.#blob() : this.#text(name);
  }

  #fillOne(name: string): string {
    const { table } = this;
    for (;;) {
      const op = this.#op('W-058');
      const slot = Math.floor(op / 4);
      if (op === 1) return this.#text(name);
      if (op === 3) return this.#blob();
      if (op === 7) return table.storeField(this.#op(), name, this.#blob())[1];
      if (op % 4 === 2) return table.storeField(slot, name, this.#text(name))[1];
      if (op === 19) {
        table.drop(this.#op());
        continue;
      }
      if (op % 4 !== 0) throw this.#broken('W-058', `${op} is no fill`);
      const field = table.field(slot);
      if (field[0] !== name) {
        throw this.#broken('W-058', `slot ${slot} has ${field[0]}, but the hole is ${name}`);
      }
      return field[1];
    }
  }

  #op(rule = 'W-055'): number {
    const op = this.#ops[this.#opAt++];
    if (op === undefined)
      throw this.#broken(rule, 'the program wants more integers than there are');
    return op;
  }

  /** @param name the field whose value it is; undefined for a name. */
  #text(name?: string): string {
    const text = this.#texts[this.#textAt++];
    if (text === undefined)
      throw this.#broken('W-055', 'the program wants more texts than there are');
    if (name !== undefined && this.#context?.isPacked === true && SECRETS.has(name.toLowerCase())) {
      throw this.#broken('W-060', `the value of ${name} went through the window`);
    }
    return Buffer.from(text).toString('latin1');
  }

  #blob(): string {
    return Buffer.from(this.#context?.takeBlob() ?? '').toString('latin1');
  }

  #broken(rule: string, what: string): Violation {
    return new Violation(rule, what, this.#message?.bytes);
  }
}
