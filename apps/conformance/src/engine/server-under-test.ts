import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { LinkInit } from './link.ts';
import { ServerLink } from './server-link.ts';

/** Where the server under test listens. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** The server under test, as one case sees it: a maker of links, all of which are judged in the end. */
export class ServerUnderTest {
  readonly timeoutMs: number;
  /** The token that it asks for (W-024); empty when the kit was told none. */
  readonly token: string;
  readonly #target: Target;
  readonly #links: ServerLink[] = [];
  readonly #run = randomBytes(6).toString('hex');

  constructor(target: Target, timeoutMs: number, token = '') {
    this.#target = target;
    this.token = token;
    this.timeoutMs = timeoutMs;
  }

  /**
   * A connection on which nothing has been said.
   *
   * @param timeoutMs how long to wait for what must come, where that takes its time.
   */
  async dial(init: LinkInit = {}, timeoutMs = this.timeoutMs): Promise<ServerLink> {
    const allowHalfOpen = init.halfOpen === true;
    const socket = connect({ ...this.#target, noDelay: true, allowHalfOpen });
    await once(socket, 'connect', { signal: AbortSignal.timeout(this.timeoutMs) });
    const link = new ServerLink(socket, 'acceptor', init, timeoutMs);
    this.#links.push(link);
    return link;
  }

  /** A link on which the hellos are exchanged. */
  async open(init: LinkInit = {}): Promise<ServerLink> {
    const link = await this.dial(init);
    link.greet();
    await link.next('hello');
    return link;
  }

  /** A name that no other case and no other run uses. */
  name(word: string): string {
    return `${word}-${this.#run}`;
  }

  /** Throws the first fault that the referee has found on any link of the case. */
  judge(): void {
    for (const { violation } of this.#links) if (violation !== undefined) throw violation;
  }

  close(): void {
    for (const link of this.#links) link.destroy();
  }
}
