import type { Socket } from 'node:net';
import { ClientLink } from './client-link.ts';
import type { LinkInit } from './link.ts';
import type { Result } from './result.ts';

/** What a case needs of the conversation with the client. */
export interface Conversation {
  readonly timeoutMs: number;
  /** The next connection that the client makes. */
  nextSocket(): Promise<Socket>;
  /** What the client reports of the case. */
  results(): Promise<readonly Result[]>;
}

/** The client under test, as one case sees it: it has been given its order. */
export class ClientUnderTest {
  /** The token that it shows (W-024); empty when the kit was told none. */
  readonly token: string;
  readonly #conversation: Conversation;
  readonly #links: ClientLink[] = [];
  #results: Promise<readonly Result[]> | undefined;

  constructor(conversation: Conversation, token = '') {
    this.token = token;
    this.#conversation = conversation;
  }

  /**
   * The case's link, on which the kit has said nothing yet.
   *
   * @param longerMs how much longer than usual the kit waits on it for what must come.
   */
  async connection(init: LinkInit = {}, longerMs = 0): Promise<ClientLink> {
    const { timeoutMs } = this.#conversation;
    const socket = await this.#conversation.nextSocket();
    const link = new ClientLink(socket, 'dialer', init, timeoutMs + longerMs);
    this.#links.push(link);
    socket.resume();
    return link;
  }

  /** The case's link, on which the hellos are exchanged. */
  async link(init: LinkInit = {}): Promise<ClientLink> {
    const link = await this.connection(init);
    await link.next('hello');
    link.greet();
    return link;
  }

  /** What the client says became of its requests: one result for each. It may be asked for again when none came. */
  results(): Promise<readonly Result[]> {
    this.#results ??= this.#conversation.results().catch((error: unknown) => {
      this.#results = undefined;
      throw error;
    });
    return this.#results;
  }

  /** Throws the first fault that the referee has found on the case's link. */
  judge(): void {
    for (const { violation } of this.#links) if (violation !== undefined) throw violation;
  }

  close(): void {
    for (const link of this.#links) link.destroy();
  }
}
