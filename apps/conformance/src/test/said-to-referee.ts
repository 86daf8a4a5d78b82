import { crc32 } from 'node:zlib';
import { behindLength, envelope, PREFACE, plainEnvelope, windowStart } from '../craft/envelope.ts';
import { ALL_OFFERS, type HelloInit, hello, type Limits } from '../craft/hello.ts';
import { batch, type Crafted } from '../craft/record.ts';
import { kitHello, Referee } from '../referee/referee.ts';
import type { Said } from '../referee/said.ts';
import type { Role } from '../referee/streams.ts';
import { Violation } from '../referee/violation.ts';

/** How a peer and the kit have opened the link. */
export interface Opening {
  readonly role?: Role;
  readonly limits?: Partial<Limits>;
  readonly offers?: HelloInit['offers'];
  readonly checksum?: boolean;
  /** The peer's hello. */
  readonly peer?: HelloInit;
}

/** A referee, to which a test says what a peer would. */
export class Conversation {
  readonly referee: Referee;
  readonly heard: Said[] = [];

  constructor({ role = 'acceptor', limits = {}, offers = ALL_OFFERS, checksum = true }: Opening) {
    const kit = kitHello(offers, limits, checksum);
    this.referee = new Referee(role, kit, (said) => this.heard.push(said));
  }

  /** The peer's bytes. */
  raw(...bytes: readonly Uint8Array[]): void {
    for (const piece of bytes) this.referee.receive(piece);
  }

  /** The peer's records, in plain. */
  say(...records: readonly Crafted[]): void {
    this.raw(plainEnvelope(batch(records)));
  }

  /** The content of an envelope of the peer. */
  envelope(content: Uint8Array): void {
    this.raw(behindLength(content));
  }

  /** The kit's records. */
  kit(...records: readonly Crafted[]): void {
    for (const { note } of records) if (note !== undefined) this.referee.kitSays(note);
  }
}

/** A conversation in which the hellos are exchanged. */
export function opened(opening: Opening = {}): Conversation {
  const conversation = new Conversation(opening);
  conversation.referee.kitGreets();
  conversation.raw(PREFACE, plainEnvelope(batch([hello(opening.peer)])));
  return conversation;
}

/** The rule that the peer breaks in what is said there; undefined when it breaks none. */
export function brokenIn(say: () => void): string | undefined {
  try {
    say();
    return undefined;
  } catch (error) {
    if (error instanceof Violation) return error.rule;
    throw error;
  }
}

/** What an acceptor says after the kit has asked for / with id 1. */
export type Lie = readonly [
  rule: string,
  what: string,
  say: (link: Conversation) => void,
  opening?: Opening,
];

/** What is written of an envelope whose records are packed as that, in a new window of DEFLATE. */
export function packedEnvelope(
  records: readonly Crafted[],
  packed: Uint8Array,
  log = 15,
): Uint8Array {
  const unpacked = batch(records);
  const window = windowStart('DEFLATE', log);
  return envelope({ packed, unpackedSize: unpacked.length, window, crc: crc32(unpacked) });
}

/** As objects, by whose members the tests are named. */
export function named(lies: readonly Lie[]) {
  return lies.map(([rule, what, say, opening]) => ({ rule, what, say, opening }));
}
