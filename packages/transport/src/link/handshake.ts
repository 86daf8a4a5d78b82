import type { Hello } from '@tp/wire';
import type { Timer } from '../clock.ts';
import type { ResolvedLinkOptions } from '../options.ts';
import type { Connection } from '../socket/connection.ts';
import type { LinkCounters } from '../stats/stats.ts';
import { linkError } from './link-error.ts';
import { type Agreement, makeHello, readPeerHello } from './opening.ts';
import type { Sealer } from './sealer.ts';

/** The opening of a link: our preface and hello go out, and the peer's must come in time. */
export class Handshake {
  readonly #options: ResolvedLinkOptions;
  readonly #connection: Connection;
  readonly #counters: LinkCounters;
  readonly #sealer: Sealer;
  #greetedAt: number | undefined;
  #helloSeen = false;
  #timer: Timer | undefined;

  constructor(
    options: ResolvedLinkOptions,
    connection: Connection,
    counters: LinkCounters,
    sealer: Sealer,
  ) {
    this.#options = options;
    this.#connection = connection;
    this.#counters = counters;
    this.#sealer = sealer;
  }

  /** Calls `expired` when no hello has come within `handshakeTimeoutMs`. */
  start(expired: () => void): void {
    const { clock, limits } = this.#options;
    this.#timer = clock.after(limits.handshakeTimeoutMs, expired);
  }

  /** When `greeting` was asked for; undefined before. */
  get greetedAt(): number | undefined {
    return this.#greetedAt;
  }

  /** Our preface and hello, to be written now. */
  greeting(): Uint8Array {
    this.#greetedAt = this.#options.clock.now();
    const { encoder } = this.#sealer;
    encoder.hello(makeHello(this.#options, !this.#connection.secure));
    const { size } = encoder;
    const opening = this.#sealer.sealOpening();
    this.#counters.sent(size, opening.length);
    return opening;
  }

  /** The peer's hello has come: what both agree on. @throws {TpError} PROTOCOL for a second one. */
  agree(hello: Hello): Agreement {
    if (this.#helloSeen) throw linkError('PROTOCOL', 'a second hello came (W-013)');
    this.#helloSeen = true;
    this.stop();
    return readPeerHello(hello, this.#options, !this.#connection.secure);
  }

  /** Waits no longer. */
  stop(): void {
    this.#timer?.clear();
  }
}
