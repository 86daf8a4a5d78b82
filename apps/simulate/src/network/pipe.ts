import type { Host } from '../world/host.ts';
import type { Random } from '../world/random.ts';
import type { Planned, World } from '../world/world.ts';
import type { Route } from './route.ts';

/** What happens to the bytes at a place of the stream, counted from its start. */
export interface Injury {
  /** The byte before which it happens. */
  readonly at: number;
  /** `flip` turns one bit of that byte over; `cut` ends the connection there; `fin` only this direction. */
  readonly kind: 'flip' | 'cut' | 'fin';
  /** Which bit; any where none is given. */
  readonly bit?: number;
  /** Told when it has happened. */
  readonly done: () => void;
}

/** What a pipe tells its two ends. */
export interface PipeEvents {
  arrived(bytes: Uint8Array): void;
  /** All that was written has left the writer's memory. */
  drained(): void;
  /** The end of the stream has come. */
  ended(): void;
  /** The network has cut the connection. */
  cut(): void;
}

interface Segment {
  readonly bytes: Uint8Array;
  readonly dueAt: number;
}

/**
 * One direction of a connection. What is written waits in the writer's memory while the kernel has no
 * room for it, then is under way, and comes out in pieces of any size, in order.
 */
export class Pipe {
  readonly #world: World;
  readonly #random: Random;
  readonly #usual: Route;
  /** How the way behaves now. */
  #route: Route;
  readonly #sender: Host;
  readonly #receiver: Host;
  readonly #events: PipeEvents;
  /** In the writer's memory: not copied, so that memory which is used again too early is found out. */
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  readonly #underWay: Segment[] = [];
  #underWayBytes = 0;
  #lastDueAt = 0;
  #delivery: Planned | undefined;
  #heldUntil = 0;
  #open = false;
  #finishing = false;
  #over = false;
  #delivered = 0;
  #written = 0;
  readonly #injuries: Injury[] = [];

  constructor(
    world: World,
    random: Random,
    route: Route,
    sender: Host,
    receiver: Host,
    events: PipeEvents,
  ) {
    this.#world = world;
    this.#random = random;
    this.#usual = route;
    this.#route = route;
    this.#sender = sender;
    this.#receiver = receiver;
    this.#events = events;
  }

  /** Bytes that have come out. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Bytes that were written: where the next batch begins, and its length stands. */
  get written(): number {
    return this.#written;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Bytes were written that are still to come out. */
  get busy(): boolean {
    if (this.#over || this.#heldUntil === Number.POSITIVE_INFINITY) return false;
    return this.#waitingBytes > 0 || this.#underWayBytes > 0;
  }

  /** Bytes come out from now on: somebody listens. */
  open(): void {
    this.#open = true;
    this.#plan();
  }

  /** The way behaves differently from now on. */
  hinder(changes: Partial<Route>): void {
    this.#route = { ...this.#route, ...changes };
  }

  /** The way behaves as it did at first. */
  recover(): void {
    this.#route = this.#usual;
  }

  /** Nothing comes out before that time; `Infinity` for ever. */
  hold(until: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, until);
    this.#plan();
  }

  /** What was held for a time, and not for ever, comes out. */
  release(): void {
    if (this.#heldUntil === Number.POSITIVE_INFINITY) return;
    this.#heldUntil = 0;
    this.#plan();
  }

  /** No injury that was planned happens any more. */
  spare(): void {
    this.#injuries.length = 0;
  }

  injure(injury: Injury): void {
    this.#injuries.push(injury);
    this.#injuries.sort((one, other) => one.at - other.at);
  }

  /** True when the bytes have left the caller's memory. */
  write(bytes: Uint8Array): boolean {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#written += bytes.length;
    this.#send();
    return this.#waitingBytes === 0;
  }

  /** The stream ends once all that was written has come out. */
  finish(): void {
    if (this.#finishing || this.#over) return;
    this.#finishing = true;
    this.#plan();
  }

  /** The writer is gone: what still was in its memory is lost, what was under way arrives, and an end. */
  abandon(losesAll: boolean): void {
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    if (losesAll) {
      this.#underWay.length = 0;
      this.#underWayBytes = 0;
    }
    this.finish();
  }

  /** Nothing further comes out. */
  stop(): void {
    this.#over = true;
    this.#delivery?.cancel();
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#underWay.length = 0;
  }

  /** Bytes leave the writer's memory as far as there is room under way. */
  #send(): void {
    const { kernelBytes } = this.#route;
    let piece = this.#waiting[0];
    while (piece !== undefined && this.#underWayBytes < kernelBytes) {
      const length = Math.min(piece.length, kernelBytes - this.#underWayBytes);
      this.#launch(piece.slice(0, length));
      this.#waitingBytes -= length;
      if (length === piece.length) this.#waiting.shift();
      else this.#waiting[0] = piece.subarray(length);
      piece = this.#waiting[0];
    }
    this.#plan();
  }

  #launch(bytes: Uint8Array): void {
    const { latencyMs, jitterMs, bytesPerMs } = this.#route;
    const wait = latencyMs + jitterMs * this.#random.unit();
    const start = Math.max(this.#lastDueAt, this.#world.now + wait);
    this.#lastDueAt = start + bytes.length / bytesPerMs;
    this.#underWay.push({ bytes, dueAt: this.#lastDueAt });
    this.#underWayBytes += bytes.length;
  }

  /** Plans when the next bytes come out. */
  #plan(): void {
    this.#delivery?.cancel();
    this.#delivery = undefined;
    if (this.#over || !this.#open || this.#heldUntil === Number.POSITIVE_INFINITY) return;
    const first = this.#underWay[0];
    const isEnd = first === undefined && this.#finishing && this.#waitingBytes === 0;
    if (first === undefined && !isEnd) return;
    const dueAt = first?.dueAt ?? this.#world.now + this.#route.latencyMs;
    this.#delivery = this.#world.at(Math.max(dueAt, this.#heldUntil), this.#receiver, () =>
      this.#deliver(),
    );
  }

  #deliver(): void {
    this.#delivery = undefined;
    if (this.#heldUntil > this.#world.now) {
      this.#plan();
      return;
    }
    const bytes = this.#take();
    if (bytes === undefined) {
      this.#over = true;
      this.#events.ended();
      return;
    }
    const injury = this.#injuries[0];
    if (injury !== undefined && injury.at < this.#delivered + bytes.length) {
      this.#injuries.shift();
      this.#hurt(bytes, injury);
    } else this.#pass(bytes);
    if (!this.#over) this.#sendMore();
  }

  /** What one read brings: pieces that have come, together or cut. */
  #take(): Uint8Array | undefined {
    const most = this.#route.mostInOneRead;
    const pieces: Uint8Array[] = [];
    let length = 0;
    for (
      let first = this.#underWay[0];
      first !== undefined && first.dueAt <= this.#world.now && length < most;
      first = this.#underWay[0]
    ) {
      const room = most - length;
      const isWhole = first.bytes.length <= room;
      pieces.push(isWhole ? first.bytes : first.bytes.subarray(0, room));
      length += Math.min(first.bytes.length, room);
      if (isWhole) this.#underWay.shift();
      else this.#underWay[0] = { bytes: first.bytes.subarray(room), dueAt: first.dueAt };
    }
    this.#underWayBytes -= length;
    return length === 0 ? undefined : new Uint8Array(Buffer.concat(pieces, length));
  }

  #hurt(bytes: Uint8Array, { at, kind, bit, done }: Injury): void {
    const offset = Math.max(0, at - this.#delivered);
    done();
    if (kind === 'flip') {
      bytes[offset] = (bytes[offset] ?? 0) ^ (1 << (bit ?? this.#random.whole(0, 7)));
      this.#pass(bytes);
      return;
    }
    if (offset > 0) this.#pass(bytes.subarray(0, offset));
    if (this.#over) return;
    this.#over = true;
    if (kind === 'cut') this.#events.cut();
    else this.#events.ended();
  }

  #pass(bytes: Uint8Array): void {
    this.#delivered += bytes.length;
    this.#events.arrived(bytes);
  }

  /** There is room again. */
  #sendMore(): void {
    const waited = this.#waitingBytes > 0;
    this.#send();
    if (waited && this.#waitingBytes === 0) {
      this.#world.at(this.#world.now, this.#sender, () => {
        if (!this.#over) this.#events.drained();
      });
    }
  }
}
