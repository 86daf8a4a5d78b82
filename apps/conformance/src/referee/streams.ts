import type { Limits } from '../craft/hello.ts';
import type { Note } from '../craft/record.ts';
import { describe, type Said, type SaidOf } from './said.ts';
import { Violation } from './violation.ts';

/** Which side of the link the peer under test is. */
export type Role = 'acceptor' | 'dialer';

const MAX_ID = 2 ** 30;
const MAX_CREDIT = 2 ** 31 - 1;
const NEVER_PROCESSED = new Set(['REFUSED', 'OVERLOADED', 'UNREACHABLE']);

/** A stream as both sides know it. */
class Stream {
  /** The peer has said its (final) head. */
  peerBegan = false;
  /** The peer has said the end of its direction. */
  peerEnded = false;
  peerCancelled = false;
  /** Nothing may be said back (W-124). */
  oneWay = false;
  kitEnded = false;
  /** When the kit cancelled, as a count of the records that it had said. */
  kitCancelledAt = Number.POSITIVE_INFINITY;
  /** Data that the peer may still send. */
  peerCredit: number;
  /** Data that the kit may still send. */
  kitCredit: number;

  constructor(peerCredit: number, kitCredit: number) {
    this.peerCredit = peerCredit;
    this.kitCredit = kitCredit;
  }

  get isOpen(): boolean {
    const isComplete = this.peerEnded && this.kitEnded;
    return (
      !this.oneWay &&
      !isComplete &&
      !this.peerCancelled &&
      this.kitCancelledAt === Number.POSITIVE_INFINITY
    );
  }
}

/** Follows streams, ids and credit on a link, and judges what the peer says of them (sections 7 and 8). */
export class Streams {
  readonly #role: Role;
  readonly #ours: Limits;
  #theirs: Limits;
  readonly #streams = new Map<number, Stream>();
  #open = 0;
  #highest = 0;
  #lastResponse = 0;
  #kitLastResponse = 0;
  #peerCredit: number;
  #kitCredit: number;
  /** Records that the kit has said, and how many of them the peer is known to have processed. */
  #said = 0;
  #processed = 0;
  readonly #requestsAt = new Map<number, number>();
  readonly #pingsAt = new Map<number, number>();
  #kitLeftAt = Number.POSITIVE_INFINITY;
  #peerLastId = Number.POSITIVE_INFINITY;

  /** @param ours what the kit's hello accepts. */
  constructor(role: Role, ours: Limits) {
    this.#role = role;
    this.#ours = ours;
    this.#theirs = ours;
    this.#peerCredit = ours.linkWindow;
    this.#kitCredit = 0;
  }

  /** The peer's hello has come. */
  open(theirs: Limits): void {
    this.#theirs = theirs;
    this.#kitCredit = theirs.linkWindow;
  }

  /** Highest id of a request. */
  get highest(): number {
    return this.#highest;
  }

  /** Data that the kit may still send on a stream and the link, in bytes. */
  kitCredit(id: number): number {
    return Math.min(this.#kitCredit, this.#streams.get(id)?.kitCredit ?? 0);
  }

  /** Data that the kit may still send on the link, in bytes. */
  get kitLinkCredit(): number {
    return this.#kitCredit;
  }

  /** Data that the peer may still send on the link, in bytes. */
  get peerCredit(): number {
    return this.#peerCredit;
  }

  /** The kit says a record; gives the id that it names. */
  kitSays(note: Note): number {
    this.#said++;
    switch (note.kind) {
      case 'request': {
        const id = note.id === 0 ? this.#highest + 1 : note.id;
        this.#add(id);
        this.#requestsAt.set(id, this.#said);
        this.#change(id, (stream) => {
          stream.kitEnded = !note.more;
          stream.oneWay = note.oneWay === true;
        });
        return id;
      }
      case 'response': {
        const id = note.id === 0 ? this.#kitLastResponse + 1 : note.id;
        this.#kitLastResponse = id;
        if (note.final && !note.more) this.#change(id, (stream) => (stream.kitEnded = true));
        return id;
      }
      case 'data':
        this.#kitCredit -= note.length;
        this.#change(note.id, (stream) => {
          stream.kitCredit -= note.length;
          stream.kitEnded ||= note.end;
        });
        return note.id;
      case 'trailers':
        this.#change(note.id, (stream) => (stream.kitEnded = true));
        return note.id;
      case 'credit':
        if (note.id === 0) this.#peerCredit += note.bytes;
        this.#change(note.id, (stream) => (stream.peerCredit += note.bytes));
        return note.id;
      case 'cancel':
        this.#change(note.id, (stream) => (stream.kitCancelledAt = this.#said));
        return note.id;
      case 'ping':
        this.#pingsAt.set(note.token, this.#said);
        return 0;
      case 'goaway':
        this.#kitLeftAt = Math.min(this.#kitLeftAt, this.#said);
        return 0;
    }
  }

  /** The id of a request that the peer says with that number (W-030). */
  requestId(number: number): number {
    const id = number === 0 ? this.#highest + 1 : number;
    if (id <= this.#highest || id > MAX_ID) {
      throw new Violation('W-030', `request ${id} came after ${this.#highest}`);
    }
    return id;
  }

  /** The id of a response that the peer says with that number (W-031). */
  responseId(number: number): number {
    this.#lastResponse = number === 0 ? this.#lastResponse + 1 : number;
    return this.#lastResponse;
  }

  /** Judges a record of the peer. */
  peerSays(said: Said): void {
    switch (said.kind) {
      case 'request':
        this.#request(said);
        return;
      case 'response':
        this.#response(said);
        return;
      case 'data':
        this.#data(said);
        return;
      case 'trailers':
        this.#further(said.id, said);
        this.#change(said.id, (stream) => (stream.peerEnded = true));
        return;
      case 'credit':
        this.#credit(said);
        return;
      case 'cancel':
        this.#cancel(said);
        return;
      case 'pong':
        this.#proven(this.#pingsAt.get(said.token));
        return;
      case 'goaway':
        this.#goaway(said);
        return;
    }
  }

  #request(said: SaidOf<'request'>): void {
    if (this.#role === 'acceptor') throw new Violation('W-023', 'an acceptor said a request');
    if (this.#processed >= this.#kitLeftAt) {
      throw new Violation('W-100', `request ${said.id} came after the goaway was read`);
    }
    if (said.oneWay && said.more) {
      throw new Violation('W-124', `${describe(said)} came: it must be complete`);
    }
    this.#add(said.id);
    this.#change(said.id, (stream) => {
      stream.peerBegan = true;
      stream.peerEnded = !said.more;
      stream.oneWay = said.oneWay;
    });
    if (this.#open > this.#ours.streams) {
      throw new Violation('W-036', `${this.#open} streams are open, above ${this.#ours.streams}`);
    }
  }

  #response(said: SaidOf<'response'>): void {
    if (this.#role === 'dialer') throw new Violation('W-023', 'a dialer said a response');
    this.#proven(this.#requestsAt.get(said.id));
    const stream = this.#allowed(said.id, said);
    if (stream.peerBegan) throw new Violation('W-032', `a second ${describe(said)} came`);
    const isFinal = said.status >= 200 || said.status === 101;
    if (!isFinal && (said.more || said.body.length > 0)) {
      throw new Violation('W-033', `an informational ${describe(said)} came`);
    }
    if (!isFinal) return;
    this.#change(said.id, () => {
      stream.peerBegan = true;
      stream.peerEnded = !said.more;
    });
  }

  #data(said: SaidOf<'data'>): void {
    const stream = this.#further(said.id, said);
    const length = said.bytes.length;
    if (length > stream.peerCredit || length > this.#peerCredit) {
      const had = `${stream.peerCredit} of the stream's credit and ${this.#peerCredit} of the link's`;
      throw new Violation('W-042', `${describe(said)} came with ${had}`);
    }
    this.#peerCredit -= length;
    this.#change(said.id, () => {
      stream.peerCredit -= length;
      stream.peerEnded = said.end;
    });
  }

  /** Something of a body: its head must have come, and not its end. */
  #further(id: number, said: Said): Stream {
    const stream = this.#allowed(id, said);
    if (!stream.peerBegan) throw new Violation('W-039', `${describe(said)} came before its head`);
    if (stream.peerEnded) throw new Violation('W-032', `${describe(said)} came after the end`);
    return stream;
  }

  /** A stream for which the peer may still say something. */
  #allowed(id: number, said: Said): Stream {
    const stream = this.#streams.get(id);
    if (stream === undefined) throw new Violation('W-031', `${describe(said)}: never opened`);
    this.#notCancelled(stream, said);
    this.#notDropped(id, said);
    return stream;
  }

  #notCancelled(stream: Stream, said: Said): void {
    if (stream.oneWay && this.#role === 'acceptor') {
      throw new Violation('W-124', `${describe(said)} came for a one-way request`);
    }
    if (stream.peerCancelled) {
      throw new Violation('W-091', `${describe(said)} came after the peer's own Cancel`);
    }
    if (this.#processed >= stream.kitCancelledAt) {
      throw new Violation('W-091', `${describe(said)} came after the Cancel was read`);
    }
  }

  #notDropped(id: number, said: Said): void {
    if (id <= this.#peerLastId) return;
    throw new Violation('W-105', `${describe(said)} came; the last id is ${this.#peerLastId}`);
  }

  #credit(said: SaidOf<'credit'>): void {
    if (said.id === 0) this.#kitCredit += said.bytes;
    const stream = this.#streams.get(said.id);
    if (said.id !== 0 && stream === undefined) {
      throw new Violation('W-031', `${describe(said)}: never opened`);
    }
    if (stream !== undefined) {
      if (this.#role === 'acceptor') this.#notCancelled(stream, said);
      stream.kitCredit += said.bytes;
    }
    if (Math.max(this.#kitCredit, stream?.kitCredit ?? 0) > MAX_CREDIT) {
      throw new Violation('W-043', `${describe(said)} lifts the sum above 2^31 - 1`);
    }
  }

  #cancel(said: SaidOf<'cancel'>): void {
    const stream = this.#streams.get(said.id);
    if (stream === undefined) throw new Violation('W-031', `${describe(said)}: never opened`);
    this.#notCancelled(stream, said);
    if (this.#role === 'acceptor') this.#judgeCancel(said, stream);
    this.#change(said.id, () => (stream.peerCancelled = true));
  }

  #judgeCancel(said: SaidOf<'cancel'>, stream: Stream): void {
    this.#notDropped(said.id, said);
    this.#proven(this.#requestsAt.get(said.id));
    if (said.code === 'NO_ERROR' && (!stream.peerEnded || said.processed !== 'YES')) {
      throw new Violation('W-035', `${describe(said)} came, of a response that is not complete`);
    }
    if (NEVER_PROCESSED.has(said.code) && said.processed !== 'NO') {
      throw new Violation('W-092', `${describe(said)}: with that code it is NO (section 11)`);
    }
    if (said.processed === 'NO' && stream.peerBegan) {
      throw new Violation('W-092', `${describe(said)}: but its response had begun`);
    }
  }

  #goaway(said: SaidOf<'goaway'>): void {
    if (this.#role === 'dialer') {
      if (said.lastId === 0 && said.final === (said.code !== 'NO_ERROR')) return;
      throw new Violation('W-106', `${describe(said)} came from a dialer`);
    }
    if (!said.final) return;
    if (said.lastId > this.#peerLastId) {
      throw new Violation('W-101', `${describe(said)}: it was ${this.#peerLastId} before`);
    }
    if (said.lastId > this.#highest) {
      throw new Violation('W-101', `${describe(said)}: but ${this.#highest} is the highest asked`);
    }
    this.#peerLastId = said.lastId;
  }

  #add(id: number): void {
    this.#highest = Math.max(this.#highest, id);
    this.#streams.set(id, new Stream(this.#ours.streamWindow, this.#theirs.streamWindow));
    this.#open++;
  }

  #change(id: number, change: (stream: Stream) => void): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    const wasOpen = stream.isOpen;
    change(stream);
    if (wasOpen && !stream.isOpen) this.#open--;
  }

  #proven(at: number | undefined): void {
    if (at !== undefined) this.#processed = Math.max(this.#processed, at);
  }
}
