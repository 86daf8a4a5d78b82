import type { Clock } from '../clock.ts';
import type { Connection, ConnectionEvents } from '../socket/connection.ts';

/** One direction of a wire: so many bytes a ms, in order, and so long on the way. */
export class Wire {
  /** Bytes that it carries in a ms. */
  rate: number;
  readonly #delayMs: number;
  readonly #clock: Clock;
  /** All that was put on it has left by then. */
  #freeAt = 0;
  /** All bytes that were put on it by the link. */
  carried = 0;

  constructor(clock: Clock, rate: number, delayMs: number) {
    this.#clock = clock;
    this.rate = rate;
    this.#delayMs = delayMs;
  }

  /** How long what is put on it now waits for its turn, in ms. */
  get queuedMs(): number {
    return Math.max(0, this.#freeAt - this.#clock.now());
  }

  /** Somebody else's bytes take their turn. */
  occupy(bytes: number): void {
    this.#freeAt = Math.max(this.#freeAt, this.#clock.now()) + bytes / this.rate;
  }

  /** Calls once the bytes have come out at the other end. */
  carry(bytes: number, arrived: () => void): void {
    this.occupy(bytes);
    this.carried += bytes;
    this.#clock.after(this.queuedMs + this.#delayMs, arrived);
  }
}

/** What goes onto a wire at once where the buffer in front of it is small, in bytes. */
const PIECE = 4 * 1024;

/** One end of a connection over two wires; what is written waits on the wire, as in a send buffer of that size. */
export class ShapedConnection implements Connection {
  readonly secure = true;
  readonly remote = 'wire';
  bytesIn = 0;
  bytesOut = 0;
  other: ShapedConnection | undefined;
  readonly #out: Wire;
  readonly #buffer: number;
  /** What the buffer has no room for. */
  #waiting: Uint8Array[] = [];
  #events: ConnectionEvents | undefined;
  #closed = false;

  constructor(out: Wire, buffer = Number.POSITIVE_INFINITY) {
    this.#out = out;
    this.#buffer = buffer;
  }

  start(events: ConnectionEvents): void {
    this.#events = events;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closed) return false;
    const size = this.#buffer < Number.POSITIVE_INFINITY ? PIECE : bytes.length;
    for (let at = 0; at < bytes.length; at += size) this.#waiting.push(bytes.slice(at, at + size));
    return this.#pass();
  }

  /** Puts on the wire what there is room for. True when that is all. */
  #pass(): boolean {
    for (;;) {
      const piece = this.#waiting.shift();
      if (piece === undefined || this.#closed) return true;
      this.bytesOut += piece.length;
      this.#out.carry(piece.length, () => {
        this.other?.arrive(piece);
        if (this.#waiting.length > 0 && this.#pass()) this.#events?.drain();
      });
      if (this.#waiting.length > 0 && this.#out.queuedMs * this.#out.rate >= this.#buffer)
        return false;
    }
  }

  pause(): void {}

  resume(): void {}

  end(): void {
    this.destroy();
  }

  destroy(): void {
    this.close();
    this.other?.close();
  }

  /** Bytes come from the other end. */
  arrive(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.bytesIn += bytes.length;
    this.#events?.data(bytes);
  }

  /** This end ends. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    setImmediate(() => this.#events?.close(undefined));
  }
}

/**
 * Both ends of a connection whose first end writes on `up` and whose second end writes on `down`, each
 * with a send buffer of so many bytes.
 */
export function shapedPair(
  up: Wire,
  down: Wire,
  buffer?: number,
): [ShapedConnection, ShapedConnection] {
  const [one, two] = [new ShapedConnection(up, buffer), new ShapedConnection(down, buffer)];
  one.other = two;
  two.other = one;
  return [one, two];
}
