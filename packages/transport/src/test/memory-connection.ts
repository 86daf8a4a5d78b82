import type { Connection, ConnectionEvents } from '../socket/connection.ts';

/** One end of a connection in memory: what is written arrives at the other end a turn later. */
export class MemoryConnection implements Connection {
  readonly secure = false;
  readonly remote: string;
  bytesIn = 0;
  bytesOut = 0;
  other: MemoryConnection | undefined;
  #events: ConnectionEvents | undefined;
  #closed = false;
  #stuck = false;
  readonly #held: Uint8Array[] = [];

  constructor(remote = 'memory') {
    this.remote = remote;
  }

  /** Whether it has ended. */
  get closed(): boolean {
    return this.#closed;
  }

  start(events: ConnectionEvents): void {
    this.#events = events;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closed) return false;
    this.bytesOut += bytes.length;
    this.#held.push(bytes.slice());
    if (this.#stuck) return false;
    this.#pass();
    return true;
  }

  /** From now on nothing arrives, as if the network had gone, or the peer read no more. */
  stick(): void {
    this.#stuck = true;
  }

  /** What was held back arrives. */
  unstick(): void {
    this.#stuck = false;
    this.#pass();
    this.#events?.drain();
  }

  pause(): void {}

  resume(): void {}

  end(): void {
    setImmediate(() => this.destroy());
  }

  destroy(): void {
    this.close();
    if (!this.#stuck) this.other?.close();
  }

  #pass(): void {
    for (const bytes of this.#held.splice(0)) setImmediate(() => this.other?.arrive(bytes));
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

/** Both ends, and how the other end is called there. */
export function memoryPair(remote = 'memory'): [MemoryConnection, MemoryConnection] {
  const one = new MemoryConnection(remote);
  const two = new MemoryConnection(remote);
  one.other = two;
  two.other = one;
  return [one, two];
}
