import { crc32 } from 'node:zlib';
import { codeOf, PROCESSED } from '../codes.ts';
import { PREFACE } from '../craft/envelope.ts';
import { DEFAULT_LIMITS, type Limits, type Offer } from '../craft/hello.ts';
import type { Note } from '../craft/record.ts';
import { EnvelopeCutter } from './envelope-cutter.ts';
import { HeadPrograms } from './head-program.ts';
import { Manners } from './manners.ts';
import { Message } from './message.ts';
import { readHello } from './peer-hello.ts';
import type { PeerHello, Said } from './said.ts';
import { type Role, Streams } from './streams.ts';
import { readText } from './text.ts';
import { Unpacking } from './unpacking.ts';
import { Violation } from './violation.ts';
import { validOffer } from './window-logs.ts';

const MAX_INLINE_BODY = 65_536;
const MAX_DATA = 16_384;
/** What an envelope may have beside its lanes (W-120). */
const ENVELOPE_ROOM = 64;
const MAX_MESSAGE = 1_024;
const NOTHING = new Uint8Array(0);

/** What the kit opened the link with, by which the peer is judged. */
export interface KitHello {
  readonly limits: Limits;
  readonly offers: readonly Offer[];
  readonly checksum: boolean;
}

/** An envelope of the peer, for cases that look at bytes. */
export interface Opened {
  readonly plain: Uint8Array;
  readonly packed: Uint8Array;
  /** What `packed` unpacked to. */
  readonly unpacked: Uint8Array;
  readonly crc: number | undefined;
}

/**
 * Reads everything that the peer says on a link and holds it to sections 2 to 10 of
 * docs/protocol.md. It shares no code with the packages that it may come to judge.
 */
export class Referee {
  readonly streams: Streams;
  readonly unpacking: Unpacking;
  /** Every envelope so far. */
  readonly envelopes: Opened[] = [];
  /** What the peer's hello says; undefined before it. */
  hello: PeerHello | undefined;
  readonly #role: Role;
  readonly #kit: KitHello;
  readonly #hear: (said: Said) => void;
  readonly #cutter = new EnvelopeCutter();
  readonly #heads: HeadPrograms;
  readonly #manners = new Manners();
  #preface: Uint8Array = NOTHING;
  #kitGreeted = false;
  #blobs: Uint8Array[] = [];
  #isPacked = false;

  /** @param hear is given each record that stands the test. */
  constructor(role: Role, kit: KitHello, hear: (said: Said) => void) {
    this.#role = role;
    this.#kit = kit;
    this.#hear = hear;
    this.streams = new Streams(role, kit.limits);
    this.unpacking = new Unpacking(kit.offers, kit.limits);
    this.#heads = new HeadPrograms(kit.limits);
  }

  /** The kit has said its hello. */
  kitGreets(): void {
    this.#kitGreeted = true;
  }

  /** The kit says a record; gives the id that it names. */
  kitSays(note: Note): number {
    if (note.kind === 'ping') this.#manners.asked(note.token);
    return this.streams.kitSays(note);
  }

  /**
   * Takes bytes of the peer.
   *
   * @throws {Violation} for the first rule that they break.
   */
  receive(chunk: Uint8Array): void {
    if (this.#role === 'acceptor' && !this.#kitGreeted) {
      throw new Violation('W-009', 'the acceptor spoke before it had the whole hello', chunk);
    }
    for (const content of this.#cutter.push(this.#behindPreface(chunk))) this.#envelope(content);
  }

  #behindPreface(chunk: Uint8Array): Uint8Array {
    const missing = PREFACE.length - this.#preface.length;
    if (missing === 0) return chunk;
    this.#preface = Buffer.concat([this.#preface, chunk.subarray(0, missing)]);
    if (Buffer.compare(this.#preface, PREFACE.subarray(0, this.#preface.length)) !== 0) {
      throw new Violation('W-007', 'the link does not start with the preface', this.#preface);
    }
    return chunk.subarray(missing);
  }

  #envelope(content: Uint8Array): void {
    const message = new Message('Envelope', content);
    const plain = message.piece(1) ?? NOTHING;
    const packed = message.piece(2) ?? NOTHING;
    const declared = message.uint(3);
    const { batchPacked, batchUnpacked } = this.#kit.limits;
    if ([message.piece(1), message.piece(2)].some((lane) => lane?.length === 0)) {
      throw new Violation('W-121', 'an empty plain or packed is written', content);
    }
    if (content.length > batchPacked + batchUnpacked + ENVELOPE_ROOM) {
      throw new Violation('W-120', `an envelope has ${content.length} bytes`);
    }
    message.once(5);
    if (packed.length > batchPacked || plain.length + declared > batchUnpacked) {
      const sizes = `${packed.length} packed, ${plain.length} plain, ${declared} declared`;
      throw new Violation('W-018', `a batch is too large: ${sizes}`);
    }
    const window = message.piece(5);
    const windowId = message.uint(6);
    if (window === undefined && plain.length + packed.length === 0) this.#manners.glitch();
    if (this.hello === undefined) {
      this.#opening(message, packed.length > 0 || window !== undefined || windowId !== 0);
    } else if (this.#role === 'dialer' && !this.#kitGreeted) {
      throw new Violation(
        'W-009',
        'a second envelope came before the acceptor had spoken',
        content,
      );
    }
    this.unpacking.choose(windowId);
    if (window !== undefined && this.unpacking.start(window)) this.#manners.glitch();
    const isEmpty = packed.length === 0 && declared === 0;
    const unpacked = isEmpty ? NOTHING : this.unpacking.unpack(packed, declared);
    const crc = message.has(4) ? message.uint(4) : undefined;
    this.envelopes.push({ plain, packed, unpacked, crc });
    this.#checksum(crc, plain, unpacked);
    this.#blobs = [];
    this.#batch(plain, false);
    this.#batch(unpacked, true);
    if (this.#blobs.length > 0) throw new Violation('W-064', 'a blob is left over', plain);
  }

  #opening(message: Message, hasPacked: boolean): void {
    const records = new Message('Batch', message.piece(1) ?? NOTHING).pieces(1);
    const only = records[0];
    const isHello = only !== undefined && new Message('Record', only).order.join() === '10';
    if (hasPacked || records.length !== 1 || !isHello) {
      throw new Violation('W-009', 'the first envelope is not one hello in plain', message.bytes);
    }
    if (!message.has(4)) throw new Violation('W-017', 'the hello has no crc', message.bytes);
  }

  #checksum(crc: number | undefined, plain: Uint8Array, unpacked: Uint8Array): void {
    if (crc === undefined) {
      if (!this.#kit.checksum && this.hello?.checksum !== true) return;
      throw new Violation('W-017', 'an envelope has no crc', plain);
    }
    const right = crc32(unpacked, crc32(plain));
    if (crc !== right) {
      throw new Violation(
        'W-017',
        `a crc is ${crc.toString(16)}, right is ${right.toString(16)}`,
        plain,
      );
    }
  }

  #batch(bytes: Uint8Array, isPacked: boolean): void {
    this.#isPacked = isPacked;
    for (const record of new Message('Batch', bytes).pieces(1)) this.#record(record);
  }

  #record(bytes: Uint8Array): void {
    const record = new Message('Record', bytes);
    const [kind, ...others] = record.order;
    if (others.length > 0) throw new Violation('W-005', 'a record has two kinds', bytes);
    if (kind === undefined) {
      this.#manners.glitch();
      return;
    }
    const content = record.piece(kind) ?? NOTHING;
    if (kind === 11) {
      if (this.#isPacked) throw new Violation('W-064', 'a blob stands in packed', bytes);
      this.#blobs.push(content);
      return;
    }
    const said = this.#read(kind, content);
    this.#manners.judge(said);
    this.streams.peerSays(said);
    this.#hear(said);
  }

  #read(kind: number, bytes: Uint8Array): Said {
    switch (kind) {
      case 1:
        return this.#request(new Message('Request', bytes));
      case 2:
        return this.#response(new Message('Response', bytes));
      case 3:
        return this.#data(new Message('Data', bytes));
      case 4: {
        const message = new Message('Trailers', bytes);
        return { kind: 'trailers', id: message.uint(1), fields: this.#head(message, 'trailers') };
      }
      case 5: {
        const message = new Message('Credit', bytes);
        return { kind: 'credit', id: message.uint(1), bytes: message.uint(2) };
      }
      case 6:
        return cancel(new Message('Cancel', bytes));
      case 7:
        return { kind: 'ping', token: new Message('Ping', bytes).uint(1) };
      case 8:
        return { kind: 'pong', token: new Message('Pong', bytes).uint(1) };
      case 9:
        return goaway(new Message('Goaway', bytes));
      default:
        return this.#hello(bytes);
    }
  }

  #hello(bytes: Uint8Array): Said {
    if (this.hello !== undefined) throw new Violation('W-013', 'a second hello came', bytes);
    const hello = readHello(bytes);
    this.hello = hello;
    this.streams.open(hello.limits);
    this.#cutter.opened();
    return { kind: 'hello', hello };
  }

  #request(message: Message): Said {
    const id = this.streams.requestId(message.uint(1));
    const [method, path, ...fields] = this.#head(message, 'request');
    const body = this.#body(message);
    return {
      kind: 'request',
      id,
      method: method?.[1] ?? '',
      path: path?.[1] ?? '',
      fields,
      body,
      more: message.uint(7) !== 0,
      timeoutMs: message.uint(9),
      oneWay: message.uint(10) !== 0,
    };
  }

  #response(message: Message): Said {
    const id = this.streams.responseId(message.uint(1));
    const [status, ...rest] = this.#head(message, 'response');
    const reason = rest[0]?.[0] === ':reason' ? rest.shift() : undefined;
    return {
      kind: 'response',
      id,
      status: Number(status?.[1]),
      reason: reason?.[1] ?? '',
      fields: rest,
      body: this.#body(message),
      more: message.uint(7) !== 0,
    };
  }

  #head(message: Message, kind: 'request' | 'response' | 'trailers') {
    const takeBlob = () => this.#takeBlob(message);
    return this.#heads.run(message, { kind, isPacked: this.#isPacked, takeBlob });
  }

  #body(message: Message): Uint8Array {
    if (message.uint(8) !== 0 && message.has(6)) {
      throw new Violation('W-046', 'body stands beside body_blob', message.bytes);
    }
    const body = message.uint(8) !== 0 ? this.#takeBlob(message) : (message.piece(6) ?? NOTHING);
    if (body.length > MAX_INLINE_BODY) {
      throw new Violation('W-040', `a body of ${body.length} bytes stands beside its head`);
    }
    if (body.length > 0 && message.uint(7) !== 0) {
      throw new Violation('W-032', 'a head with more to come has a body', message.bytes);
    }
    return body;
  }

  #data(message: Message): Said {
    const blob = message.uint(4) !== 0;
    if (blob && message.has(2)) {
      throw new Violation('W-046', 'bytes stand beside blob', message.bytes);
    }
    const bytes = blob ? this.#takeBlob(message) : (message.piece(2) ?? NOTHING);
    if (bytes.length > MAX_DATA) {
      throw new Violation('W-041', `a Data record has ${bytes.length} bytes`);
    }
    return { kind: 'data', id: message.uint(1), bytes, end: message.uint(3) !== 0 };
  }

  #takeBlob(message: Message): Uint8Array {
    const blob = this.#blobs.shift();
    if (blob === undefined)
      throw new Violation('W-064', 'a blob is wanted and not there', message.bytes);
    return blob;
  }
}

function cancel(message: Message): Said {
  return {
    kind: 'cancel',
    id: message.uint(1),
    code: codeOf(message.uint(2)),
    processed: PROCESSED[message.uint(3)] ?? 'MAYBE',
    message: readText('a message', message.piece(4), MAX_MESSAGE),
  };
}

function goaway(message: Message): Said {
  return {
    kind: 'goaway',
    lastId: message.uint(1),
    code: codeOf(message.uint(2)),
    message: readText('a message', message.piece(3), MAX_MESSAGE),
    final: message.uint(4) !== 0,
  };
}

/** What a kit's hello means: offers outside the bounds of W-071 are none, limits left out the defaults. */
export function kitHello(
  offers: readonly Offer[],
  limits: Partial<Limits>,
  checksum: boolean,
): KitHello {
  return { offers: offers.flatMap(validOffer), limits: { ...DEFAULT_LIMITS, ...limits }, checksum };
}
