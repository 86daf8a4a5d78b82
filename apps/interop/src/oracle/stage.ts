/** What one side of an exchange has, for the other to wait for. */
export class Progress {
  #bytes = 0;
  #isOver = false;
  readonly #waiting: { readonly bytes: number; readonly resolve: () => void }[] = [];

  add(bytes: number): void {
    this.#bytes += bytes;
    this.#wake();
  }

  /** Nobody needs to wait any more. */
  over(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** Resolves when so many bytes are there, or none will come. */
  reach(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, resolve });
      this.#wake();
    });
  }

  #wake(): void {
    for (const one of this.#waiting.splice(0)) {
      if (this.#isOver || this.#bytes >= one.bytes) one.resolve();
      else this.#waiting.push(one);
    }
  }
}

/** What client and listener of one exchange, in one process, tell each other beside it. */
export class Stage {
  /** What the listener has received, and the client. */
  readonly there = new Progress();
  readonly here = new Progress();
  /** The listener has the request, and holds it. */
  readonly reached = Promise.withResolvers<void>();
  /** The client has the response's head, or never will. */
  readonly headSeen = Promise.withResolvers<void>();
  /** What the listener saw of each request, in order. */
  readonly requests: SeenRequest[] = [];
  /** Resolve when the listener's responses are closed. */
  readonly closed: Promise<void>[] = [];

  over(): void {
    this.headSeen.resolve();
    this.there.over();
    this.here.over();
  }
}

/** What a listener saw of one request. */
export interface SeenRequest {
  readonly line: string;
  /** Names and values in turn, as they came. */
  fields: readonly string[];
  /** How the body ended, and what it was; empty when the listener did not read it. */
  body: string;
  /** Whether its response was finished when it was closed. */
  finished: boolean;
}
