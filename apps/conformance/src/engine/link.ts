import type { Socket } from 'node:net';
import { crc32 } from 'node:zlib';
import type { Code, CodecName } from '../codes.ts';
import {
  behindLength,
  type EnvelopeParts,
  envelope,
  PREFACE,
  plainEnvelope,
  windowStart,
} from '../craft/envelope.ts';
import { ALL_OFFERS, type HelloInit, hello } from '../craft/hello.ts';
import { type Packer, startPacker } from '../craft/packer.ts';
import { batch, type Crafted, credit, data, pong } from '../craft/record.ts';
import { kitHello, Referee } from '../referee/referee.ts';
import { describe, type Kind, type PeerHello, type Said, type SaidOf } from '../referee/said.ts';
import type { Role } from '../referee/streams.ts';
import { Violation } from '../referee/violation.ts';
import { Failure } from './failure.ts';

/** How the kit behaves on a link where a case says nothing else. */
export interface LinkInit extends HelloInit {
  /** Give data's credit back as it comes. Default true. */
  readonly autoCredit?: boolean;
  /** Answer pings. Default true. */
  readonly autoPong?: boolean;
  /** Leave the kit's direction open when the peer has ended its own. Default false. */
  readonly halfOpen?: boolean;
}

const SHOWN = 6;
/** The largest Data (W-041). */
const PIECE = 16_384;

/**
 * One link to the peer under test. The kit says on it exactly what a case tells it to, and a
 * referee reads all that the peer says. Only two things are done unasked: pings are answered, and
 * credit is given back.
 */
export class Link {
  readonly referee: Referee;
  /** The first rule that the peer broke on this link. */
  violation: Violation | undefined;
  /** How the connection has ended; undefined while it stands. */
  ended: 'end' | 'reset' | undefined;
  readonly #socket: Socket;
  readonly #init: LinkInit;
  readonly #timeoutMs: number;
  readonly #heard = new Map<Kind, Said[]>();
  readonly #latest: string[] = [];
  /** Records that the peer has said. */
  #count = 0;
  readonly #wakers = new Set<() => void>();
  #packer: Packer | undefined;
  #isForgotten = false;
  /** The window that the next packed envelope must declare. */
  #declare: Uint8Array | undefined;

  /** @param role which side the peer is. */
  constructor(socket: Socket, role: Role, init: LinkInit, timeoutMs: number) {
    const { offers = ALL_OFFERS, limits = {}, checksum = true } = init;
    this.#socket = socket;
    this.#init = init;
    this.#timeoutMs = timeoutMs;
    this.referee = new Referee(role, kitHello(offers, limits, checksum), (said) =>
      this.#hear(said),
    );
    socket.setNoDelay(true);
    socket.on('data', (chunk: Uint8Array) => this.#receive(chunk));
    socket.on('end', () => this.#end('end'));
    socket.on('error', () => this.#end('reset'));
    socket.on('close', () => this.#end('end'));
  }

  // --- what the kit says -------------------------------------------------------------------------

  /** Preface and hello. */
  greet(): void {
    this.raw(PREFACE);
    this.raw(plainEnvelope(batch([hello(this.#init)])));
    this.referee.kitGreets();
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /**
   * Bytes as they are, for floods: waits until the connection takes more. False when there is no
   * sense in sending more: the peer has ended the link, or does not read on.
   */
  async rawInTurn(bytes: Uint8Array): Promise<boolean> {
    await new Promise(setImmediate);
    if (this.ended !== undefined || !this.#socket.writable) return false;
    return this.#socket.write(bytes) || (await this.#drained());
  }

  /** Records in one envelope, all in `plain`. Gives the id that the last one names. */
  send(...records: readonly Crafted[]): number {
    this.raw(plainEnvelope(batch(records)));
    return this.#note(records);
  }

  /** An envelope with just these parts; the crc is right unless given, `undefined` leaves it out. */
  sendParts(parts: EnvelopeParts, unpacked: Uint8Array = new Uint8Array(0)): void {
    const crc = crc32(unpacked, crc32(parts.plain ?? new Uint8Array(0)));
    this.raw(behindLength(envelope({ crc, ...parts })));
  }

  /** Starts a window, which the next `sendPacked` declares. */
  startWindow(codec: CodecName, windowLog: number): void {
    this.#packer?.close();
    this.#packer = startPacker(codec, windowLog);
    this.#declare = windowStart(codec, windowLog);
  }

  /** The window that was started last has been declared by other means. */
  windowIsDeclared(): void {
    this.#declare = undefined;
  }

  /** Sends a body piece by piece as the peer's credit allows, and its end. */
  async upload(id: number, body: Uint8Array, end = true): Promise<void> {
    let at = 0;
    while (at < body.length) {
      const allowed = await this.until(`credit for ${id}`, () => {
        const credit = this.allowed(id);
        return credit > 0 ? credit : undefined;
      });
      const piece = body.subarray(at, at + Math.min(PIECE, allowed));
      at += piece.length;
      this.send(data(id, piece, end && at === body.length));
    }
    if (end && body.length === 0) this.send(data(id, '', true));
  }

  /** Records in one envelope: `packed` through the window, `plain` beside it. */
  sendPacked(records: readonly Crafted[], plain: readonly Crafted[] = []): number {
    if (this.#packer === undefined) throw new Error('startWindow comes first');
    const unpacked = batch(records);
    const packed = this.#packer.pack(unpacked);
    const parts = { packed, unpackedSize: unpacked.length, window: this.#declare };
    this.sendParts(plain.length > 0 ? { ...parts, plain: batch(plain) } : parts, unpacked);
    this.#declare = undefined;
    return this.#note([...plain, ...records]);
  }

  /** Tells the referee of records that were sent as raw bytes. */
  #note(records: readonly Crafted[]): number {
    let id = 0;
    for (const { note } of records) if (note !== undefined) id = this.referee.kitSays(note);
    return id;
  }

  /** Gives credit to a stream and the link. */
  grant(id: number, bytes: number): void {
    this.send(credit(id, bytes), credit(0, bytes));
  }

  /** Goes on to read, but judges and keeps nothing: the kit has said what it took no note of. */
  drain(): void {
    this.#isForgotten = true;
    this.#socket.resume();
  }

  /** Ends the kit's writing side. */
  endWriting(): void {
    this.#socket.end();
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#packer?.close();
    this.referee.unpacking.close();
    this.#socket.destroy();
  }

  /** Stops to read, so that the peer's writes back up. */
  pause(): void {
    this.#socket.pause();
  }

  // --- what the peer says ------------------------------------------------------------------------

  /** The peer's hello, which must have come. */
  get peer(): PeerHello {
    const { hello: peer } = this.referee;
    if (peer === undefined) throw new Failure('the hello', 'nothing');
    return peer;
  }

  /** Bytes that the kit may send as data on that stream now. */
  allowed(id: number): number {
    return this.referee.streams.kitCredit(id);
  }

  /** Takes the next record of that kind that matches, each once. */
  async next<K extends Kind>(
    kind: K,
    matches: (said: SaidOf<K>) => boolean = () => true,
    what: string = `a ${kind}`,
  ): Promise<SaidOf<K>> {
    return this.until(what, () => this.taken(kind, matches));
  }

  /** Takes a record that has come already; undefined when there is none. */
  taken<K extends Kind>(kind: K, matches: (said: SaidOf<K>) => boolean): SaidOf<K> | undefined {
    const queue = this.#heard.get(kind) ?? [];
    const isWanted = (said: Said): said is SaidOf<K> => isOf(said, kind) && matches(said);
    const found = queue.find(isWanted);
    if (found !== undefined) queue.splice(queue.indexOf(found), 1);
    return found;
  }

  /** Waits until there is something; fails when the peer breaks a rule, ends the link, or is silent. */
  async until<T>(what: string, look: () => T | undefined): Promise<T> {
    const giveUpAt = performance.now() + this.#timeoutMs;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.violation !== undefined) throw this.violation;
      if (this.ended !== undefined) throw new Failure(what, this.#story(`the ${this.ended}`));
      const left = giveUpAt - performance.now();
      if (left <= 0) throw new Failure(what, this.#story(`nothing in ${this.#timeoutMs} ms`));
      await this.#change(left);
    }
  }

  /** Expects the end of the link for an error: a final Goaway with that code, then the close (W-103). */
  async fails(code: Code, ...others: readonly Code[]): Promise<void> {
    const codes = [code, ...others];
    const what = `a final Goaway ${codes.join(' or ')} and the close`;
    const said = await this.next('goaway', ({ final }) => final, what);
    if (!codes.includes(said.code)) throw new Failure(what, describe(said));
    await this.closes(what);
  }

  /** As `fails`, where so much was sent that the Goaway may be lost with the connection's reset. */
  async failsUnderFlood(code: Code): Promise<void> {
    try {
      await this.fails(code);
    } catch (error) {
      if (this.violation !== undefined || this.ended !== 'reset') throw error;
    }
  }

  /** Expects the end of the connection. */
  async closes(what = 'the end of the connection'): Promise<void> {
    await this.until(what, () => (this.ended === undefined ? undefined : true)).catch((error) => {
      if (this.ended === undefined) throw error;
    });
    if (this.violation !== undefined) throw this.violation;
  }

  /** Expects that a peer that has ended its direction drops the connection, though the kit does not (W-107). */
  async isDropped(): Promise<void> {
    await this.closes();
    const giveUpAt = performance.now() + this.#timeoutMs;
    while (!this.#socket.destroyed) {
      if (performance.now() > giveUpAt)
        throw new Failure('the whole connection dropped', 'half of it');
      this.raw(behindLength(envelope({ crc: 0 })));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Expects the end of the connection without a word after what was taken so far (W-011, W-027). */
  async closesSilently(): Promise<void> {
    const before = this.#count;
    await this.closes();
    if (this.#count > before) throw new Failure('the close without a word', this.#story('the end'));
  }

  #hear(said: Said): void {
    const queue = this.#heard.get(said.kind);
    if (queue === undefined) this.#heard.set(said.kind, [said]);
    else queue.push(said);
    this.#count++;
    this.#latest.push(describe(said));
    if (this.#latest.length > SHOWN) this.#latest.shift();
    if (said.kind === 'ping' && this.#init.autoPong !== false) this.send(pong(said.token));
    if (said.kind === 'data' && said.bytes.length > 0 && this.#init.autoCredit !== false) {
      this.send(credit(said.id, said.bytes.length), credit(0, said.bytes.length));
    }
  }

  #receive(chunk: Uint8Array): void {
    if (this.violation !== undefined || this.#isForgotten) return;
    try {
      this.referee.receive(chunk);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.violation = error;
    }
    this.#wake();
  }

  #end(how: 'end' | 'reset'): void {
    this.ended ??= how;
    this.#wake();
  }

  #drained(): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (isDrained: boolean) => {
        clearTimeout(timer);
        this.#socket.off('drain', onDrain);
        this.#socket.off('close', onClose);
        resolve(isDrained);
      };
      const onDrain = () => done(true);
      const onClose = () => done(false);
      const timer = setTimeout(onClose, this.#timeoutMs);
      this.#socket.on('drain', onDrain);
      this.#socket.on('close', onClose);
    });
  }

  #wake(): void {
    for (const waker of this.#wakers) waker();
  }

  /** Resolves when something has come, or after so many ms. */
  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#wakers.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#wakers.add(done);
    });
  }

  #story(end: string): string {
    return [...this.#latest, end].join(', then ');
  }
}

function isOf<K extends Kind>(said: Said, kind: K): said is SaidOf<K> {
  return said.kind === kind;
}
