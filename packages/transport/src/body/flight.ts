import type { Clock, Timer } from '../clock.ts';
import { Fifo } from '../fifo.ts';
import type { RoundTrip } from '../link/round-trip.ts';

/** What is under way at first, at least and at most, in bytes. */
const FIRST = 256 * 1024;
const LEAST = 64 * 1024;
const MOST = 64 * 1024 * 1024;

/** The least round trip is looked for anew once it is so old, in ms. */
const LEAST_AGES_MS = 10_000;

/** What a body had sent by a time, and what the link had under way then, in bytes. */
interface Mark {
  position: number;
  readonly at: number;
  underWay: number;
}

/** How long it took to give back what was sent when so much was under way. */
interface Sample {
  readonly took: number;
  readonly underWay: number;
}

/**
 * Bytes of streamed bodies under way on a link: sent, and not yet given back as credit. They are kept
 * at what the network carries in its least round trip and `queueDelayMs` more, as delay-based
 * congestion control does (RFC 6817), so that a small call finds no more than that ahead of it,
 * neither in the kernel nor on the way. Node can't bound a socket's send buffer, and the windows of a
 * fast reader would fill megabytes of it.
 *
 * Credit tells the time: what it gives back was sent that long ago. Once a round, about each round
 * trip, the bytes under way double while nothing queues, and else are set to what would have queued
 * for `queueDelayMs`.
 *
 * A reader that stops gives no credit, though its bytes have long come: what is not given back
 * within some round trips no longer counts, and stops nobody else.
 */
export class Flight {
  readonly #clock: Clock;
  readonly #roundTrip: RoundTrip;
  readonly #queueDelayMs: number;
  readonly #resume: () => void;
  readonly #bodies = new Set<BodyFlight>();
  /** The least that the receiver gives back at once, in bytes, as far as it is known. */
  grain: number = Number.POSITIVE_INFINITY;
  /** All that is under way, and what of it counts: what must have come by now does not. */
  #underWay = 0;
  #counted = 0;
  #allowed = FIRST;
  /** A round ends when something is given back that was sent since. */
  #roundSince = 0;
  #best: Sample | undefined;
  #heldBack = false;
  /** The round before, while little is sent for a round to find the least round trip. */
  #searchedFrom: Sample | undefined;
  #timer: Timer | undefined;

  /** @param resume called when something may go that was held back, and no credit has come. */
  constructor(clock: Clock, roundTrip: RoundTrip, queueDelayMs: number, resume: () => void) {
    this.#clock = clock;
    this.#roundTrip = roundTrip;
    this.#queueDelayMs = queueDelayMs;
    this.#resume = resume;
  }

  /** Whether another slice may go. */
  get isOpen(): boolean {
    return this.#counted < (this.#searchedFrom === undefined ? this.#allowed : 1);
  }

  /** What may be under way now, in bytes. */
  get allowed(): number {
    return this.#allowed;
  }

  /** A slice that has its credit is held back. */
  hold(): void {
    this.#heldBack = true;
    this.#timer ??= this.#clock.after(4 * (this.#roundTrip.leastMs ?? 0) + 200, this.#forget);
  }

  /** The link is over. */
  stop(): void {
    this.#timer?.clear();
  }

  /** All that is under way, in bytes. */
  get underWay(): number {
    return this.#underWay;
  }

  /** What a body has under way has changed. */
  changed(body: BodyFlight, underWay: number, counted: number): void {
    this.#underWay += underWay;
    this.#counted += counted;
    if (body.underWay > 0) this.#bodies.add(body);
    else this.#bodies.delete(body);
  }

  /** A slice goes at `now`. */
  sent(now: number): void {
    if (this.#roundSince === Number.POSITIVE_INFINITY) this.#roundSince = now;
  }

  /** What was sent by a mark was given back at `now`. */
  returned({ at, underWay }: Mark, now: number): void {
    const took = now - at;
    this.#roundTrip.atMost(took, now);
    if (this.#best === undefined || took < this.#best.took) this.#best = { took, underWay };
    if (at < this.#roundSince) return;
    this.#endRound(this.#best, now);
    this.#best = undefined;
    this.#heldBack = false;
  }

  #endRound(round: Sample, now: number): void {
    this.#roundSince = now;
    const roundTrip = this.#roundTrip;
    if (this.#searchedFrom !== undefined) {
      roundTrip.renew(leastOf(this.#searchedFrom, round), now);
      this.#searchedFrom = undefined;
      return;
    }
    const { took } = round;
    const least = roundTrip.leastMs ?? took;
    const isQuick = took <= least + this.#queueDelayMs / 2;
    if (now - roundTrip.leastAt > LEAST_AGES_MS && !(isQuick && roundTrip.isKnown)) {
      this.#searchedFrom = round;
      this.#roundSince = Number.POSITIVE_INFINITY;
      return;
    }
    const factor = isQuick ? 2 : (least + this.#queueDelayMs) / took;
    if (factor < 1 || this.#heldBack) {
      const next = this.#allowed * Math.min(2, Math.max(0.5, factor));
      this.#allowed = Math.min(MOST, Math.max(LEAST, next));
    }
  }

  readonly #forget = (): void => {
    this.#timer = undefined;
    const before = this.#clock.now() - 4 * (this.#roundTrip.leastMs ?? 0) - 200;
    for (const body of [...this.#bodies]) body.forgetBefore(before);
    this.#resume();
  };
}

/**
 * The least round trip, from one round with much under way and one with little: what the latter would
 * have taken with nothing under way, if the two differ by what queued.
 */
function leastOf(much: Sample, little: Sample): number {
  const bytes = much.underWay - little.underWay;
  const queued = much.took - little.took;
  if (bytes <= 0 || queued <= 0) return little.took;
  return Math.max(0, little.took - (little.underWay / bytes) * queued);
}

/** What one body has under way, as its sender can tell from the credit that comes (W-044). */
export class BodyFlight {
  /** What the stream may still send, in bytes. */
  credit: number;
  /** All that was sent, in bytes. */
  sent = 0;
  /** What is under way, in bytes. */
  underWay = 0;
  #counted = 0;
  readonly #flight: Flight;
  /** The receiver's window, as far as it is known. */
  #window: number;
  /** Up to here, bytes are known or presumed to have come. */
  #arrived = 0;
  /** So much may have come without a word of it. */
  #grain: number;
  readonly #marks = new Fifo<Mark>();
  #lastMark: Mark | undefined;

  constructor(flight: Flight, credit: number) {
    this.#flight = flight;
    this.credit = credit;
    this.#window = credit;
    this.#grain = Math.min(credit / 2, flight.grain);
  }

  /** A slice goes at `now`. */
  send(bytes: number, now: number): void {
    this.credit -= bytes;
    this.sent += bytes;
    this.#flight.sent(now);
    this.#count();
    const { underWay } = this.#flight;
    if (this.#lastMark?.at === now) {
      this.#lastMark.position = this.sent;
      this.#lastMark.underWay = underWay;
    } else {
      this.#lastMark = { position: this.sent, at: now, underWay };
      this.#marks.push(this.#lastMark);
    }
  }

  /** Credit has come, at `now`. */
  credited(bytes: number, now: number): void {
    const missing = this.#window - this.credit;
    // A window grows by doubling; what else is more than can be given back is growth as well.
    if (bytes > this.#window) this.#window += Math.max(this.#window, bytes - missing);
    else if (bytes > missing) this.#window += bytes - missing;
    this.credit += bytes;
    this.#grain = Math.min(this.#grain, bytes);
    this.#flight.grain = Math.min(this.#flight.grain, bytes);
    const returned = this.sent - (this.#window - this.credit);
    if (returned > this.#arrived) this.#arrived = returned;
    let latest: Mark | undefined;
    for (let mark = this.#marks.peek(); mark !== undefined; mark = this.#marks.peek()) {
      if (mark.position > returned) break;
      latest = mark;
      this.#shiftMark();
    }
    this.#count();
    if (latest !== undefined) this.#flight.returned(latest, now);
  }

  /** What was sent before that time has come, by all that can be known. */
  forgetBefore(time: number): void {
    for (let mark = this.#marks.peek(); mark !== undefined; mark = this.#marks.peek()) {
      if (mark.at >= time) break;
      this.#arrived = Math.max(this.#arrived, mark.position);
      this.#shiftMark();
    }
    this.#count();
  }

  /** Nothing further is sent, and no credit comes. */
  end(): void {
    this.#arrived = this.sent;
    this.#count();
  }

  #shiftMark(): void {
    if (this.#marks.shift() === this.#lastMark) this.#lastMark = undefined;
  }

  #count(): void {
    const underWay = this.sent - this.#arrived;
    const counted = Math.max(0, underWay - this.#grain);
    const more = underWay - this.underWay;
    const moreCounted = counted - this.#counted;
    this.underWay = underWay;
    this.#counted = counted;
    if (more !== 0 || moreCounted !== 0) this.#flight.changed(this, more, moreCounted);
  }
}
