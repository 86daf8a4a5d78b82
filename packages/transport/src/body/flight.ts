import { MAX_DATA } from '@tp/wire';
import type { Clock, Timer } from '../clock.ts';
import { Fifo } from '../fifo.ts';
import type { RoundTrip } from '../link/round-trip.ts';

/** What may be under way at first, at least and at most, in bytes. */
const FIRST = 256 * 1024;
const LEAST = MAX_DATA;
const MOST = 64 * 1024 * 1024;

/** The least round trip is looked for anew once it is so old, in ms. */
const LEAST_AGES_MS = 10_000;

/** Once something has queued, the bytes under way grow by that factor at most in a round. */
const GROWTH = 1.25;

/** A slice that a body has sent: up to where, when, and what was and might be under way then, in bytes. */
interface Mark {
  readonly position: number;
  readonly at: number;
  readonly underWay: number;
  readonly allowed: number;
}

/** A slice that is under way: up to where it reaches among all of the link's, and in its body, in bytes. */
interface Slice {
  readonly position: number;
  readonly body: BodyFlight;
  readonly inBody: number;
}

/** How long it took until a slice was given back. */
interface Sample {
  readonly took: number;
  readonly mark: Mark;
}

/**
 * Bytes of streamed bodies under way on a link: sent, and not yet given back as credit. They are kept
 * at what the network carries in its least round trip and `queueDelayMs` more, as delay-based
 * congestion control does (RFC 6817), so that a small call finds no more than that ahead of it,
 * neither in the kernel nor on the way. Node can't bound a socket's send buffer, and the windows of a
 * fast reader would fill megabytes of it.
 *
 * Credit tells the time: what it gives back was sent that long ago. The shortest time of a round,
 * about a round trip, counts, as whatever else delays credit makes it longer. What was allowed when
 * that slice was sent took so long; once a round, what is allowed is set to what takes the least round
 * trip and `queueDelayMs`. So a change is never judged by what was sent before it. Until something has
 * queued, which shows what the network carries, the bytes double.
 *
 * A receiver gathers what it gives back of each stream, so that many streams of little data each may
 * seem to have much under way that has long come. The link's credit tells: a connection keeps order,
 * so as many bytes as were given back to the link have come, of those that were sent first.
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
  /** The least that the receiver has given back at once, in bytes; undefined: nothing yet. */
  #grain: number | undefined;
  #underWay = 0;
  readonly #slices = new Fifo<Slice>();
  /** All that was sent on the link, in bytes, and the receiver's window for it, as far as it is known. */
  #sent = 0;
  #window: number | undefined;
  #allowed = FIRST;
  /** A round ends when something is given back that was sent since. */
  #roundSince = 0;
  #best: Sample | undefined;
  #heldBack = false;
  #hasQueued = false;
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

  /**
   * Whether another slice may go: there is room, or all that is under way may have come without a
   * word of it, as a receiver gathers what it gives back.
   */
  get isOpen(): boolean {
    if (this.#searchedFrom === undefined && this.#underWay < this.#allowed) return true;
    return this.#grain !== undefined && this.#underWay <= this.#bodies.size * this.#grain;
  }

  /** What may be under way now, in bytes. */
  get allowed(): number {
    return this.#allowed;
  }

  /** A slice that has its credit is held back. */
  hold(): void {
    this.#heldBack = true;
    this.#timer ??= this.#clock.after(this.#patienceMs, this.#forget);
  }

  /** The link is over. */
  stop(): void {
    this.#timer?.clear();
  }

  /** All that is under way, in bytes. */
  get underWay(): number {
    return this.#underWay;
  }

  /** What a body has under way has changed by so much. */
  changed(body: BodyFlight, bytes: number): void {
    this.#underWay += bytes;
    if (body.underWay > 0) this.#bodies.add(body);
    else this.#bodies.delete(body);
  }

  /** A slice of a body goes at `now`. */
  sent(body: BodyFlight, bytes: number, now: number): void {
    this.#sent += bytes;
    this.#slices.push({ position: this.#sent, body, inBody: body.sent });
    if (this.#roundSince === Number.POSITIVE_INFINITY) this.#roundSince = now;
  }

  /** Credit of the link has come, where so much was left. */
  credited(bytes: number, left: number): void {
    const window = this.#window ?? left + this.#sent;
    this.#window = grown(window, left, bytes);
    const returned = this.#sent - (this.#window - left - bytes);
    for (let slice = this.#slices.peek(); slice !== undefined; slice = this.#slices.peek()) {
      if (slice.position > returned) break;
      slice.body.hasCome(slice.inBody);
      this.#slices.shift();
    }
  }

  /** The receiver gave so much back at once. */
  gave(bytes: number): void {
    this.#grain = Math.min(this.#grain ?? bytes, bytes);
  }

  /** What was sent by a mark was given back at `now`. */
  returned(mark: Mark, now: number): void {
    const took = now - mark.at;
    // That is the time of a slow reader, and not of the network.
    if (took > this.#patienceMs) return;
    this.#roundTrip.atMost(took, now);
    if (this.#best === undefined || took < this.#best.took) this.#best = { took, mark };
    if (mark.at < this.#roundSince) return;
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
    const { took, mark } = round;
    const least = roundTrip.leastMs ?? took;
    const isQuick = took <= least + this.#queueDelayMs / 2;
    if (now - roundTrip.leastAt > LEAST_AGES_MS && !(isQuick && roundTrip.isKnown)) {
      this.#searchedFrom = round;
      this.#roundSince = Number.POSITIVE_INFINITY;
      return;
    }
    const factor = (least + this.#queueDelayMs) / took;
    if (factor < 1) this.#hasQueued = true;
    const before = this.#allowed;
    const next = this.#hasQueued
      ? Math.min(before * GROWTH, mark.allowed * factor + MAX_DATA)
      : before * 2;
    if (next > before && !this.#heldBack) return;
    this.#allowed = Math.min(MOST, Math.max(LEAST, before / 2, next));
  }

  /** What is not given back by then counts no longer, in ms. */
  get #patienceMs(): number {
    return 4 * (this.#roundTrip.leastMs ?? 0) + 200;
  }

  readonly #forget = (): void => {
    this.#timer = undefined;
    const before = this.#clock.now() - this.#patienceMs;
    for (const body of [...this.#bodies]) body.forgetBefore(before);
    this.#resume();
  };
}

/**
 * The least round trip, from one round with much under way and one with little: what the latter would
 * have taken with nothing under way, if the two differ by what queued.
 */
function leastOf(much: Sample, little: Sample): number {
  const bytes = much.mark.underWay - little.mark.underWay;
  const queued = much.took - little.took;
  if (bytes <= 0 || queued <= 0) return little.took;
  return Math.max(0, little.took - (little.mark.underWay / bytes) * queued);
}

/** What one body has under way, as its sender can tell from the credit that comes (W-044). */
export class BodyFlight {
  /** What the stream may still send, in bytes. */
  credit: number;
  /** All that was sent, in bytes. */
  sent = 0;
  /** What is under way, in bytes. */
  underWay = 0;
  readonly #flight: Flight;
  /** The receiver's window, as far as it is known. */
  #window: number;
  /** Up to here, bytes are known or presumed to have come. */
  #arrived = 0;
  readonly #marks = new Fifo<Mark>();

  constructor(flight: Flight, credit: number) {
    this.#flight = flight;
    this.credit = credit;
    this.#window = credit;
  }

  /** A slice goes at `now`. */
  send(bytes: number, now: number): void {
    this.credit -= bytes;
    this.sent += bytes;
    this.#flight.sent(this, bytes, now);
    this.#count();
    const { underWay, allowed } = this.#flight;
    this.#marks.push({ position: this.sent, at: now, underWay, allowed });
  }

  /** Credit has come, at `now`. */
  credited(bytes: number, now: number): void {
    this.#window = grown(this.#window, this.credit, bytes);
    this.credit += bytes;
    this.#flight.gave(bytes);
    const returned = this.sent - (this.#window - this.credit);
    if (returned > this.#arrived) this.#arrived = returned;
    let latest: Mark | undefined;
    for (let mark = this.#marks.peek(); mark !== undefined; mark = this.#marks.peek()) {
      if (mark.position > returned) break;
      latest = mark;
      this.#marks.shift();
    }
    this.#count();
    if (latest !== undefined) this.#flight.returned(latest, now);
  }

  /** What was sent up to that position has come. */
  hasCome(position: number): void {
    if (position <= this.#arrived) return;
    this.#arrived = position;
    this.#count();
  }

  /** What was sent before that time has come, by all that can be known. */
  forgetBefore(time: number): void {
    for (let mark = this.#marks.peek(); mark !== undefined; mark = this.#marks.peek()) {
      if (mark.at >= time) break;
      this.#arrived = Math.max(this.#arrived, mark.position);
      this.#marks.shift();
    }
    this.#count();
  }

  /** Nothing further is sent, and no credit comes. */
  end(): void {
    this.#arrived = this.sent;
    this.#count();
  }

  #count(): void {
    const underWay = this.sent - this.#arrived;
    const more = underWay - this.underWay;
    this.underWay = underWay;
    if (more !== 0) this.#flight.changed(this, more);
  }
}

/**
 * A receiver's window once it has given credit, of which so much was left. It grows by doubling; what
 * else is more than can be given back is growth as well.
 */
function grown(window: number, left: number, bytes: number): number {
  const missing = window - left;
  if (bytes > window) return window + Math.max(window, bytes - missing);
  return bytes > missing ? window + bytes - missing : window;
}
