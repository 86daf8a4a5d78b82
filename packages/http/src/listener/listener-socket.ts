import { isIPv6, Socket } from 'node:net';

type Done = (error?: Error | null) => void;

/** A chunk that was written to the socket, as Node's streams hand it over. */
export interface WrittenChunk {
  readonly chunk: Uint8Array | string;
  readonly encoding: BufferEncoding;
}

/** What becomes of what a listener's response writes. */
export interface ListenerSocketOwner {
  /** `taken` is called when more may be written. */
  written(chunks: readonly WrittenChunk[], taken: Done): void;
  /** The listener, a time limit or the owner itself has closed the socket. */
  destroyed(error: Error | null): void;
}

/**
 * The socket that a listener sees: it leads to no connection, only to its owner. One request each,
 * so closing it ends nothing else.
 */
export class ListenerSocket extends Socket {
  /** Where the link comes from: `ADDRESS:PORT`, or `unix`. */
  readonly peer: string | undefined;
  readonly #owner: ListenerSocketOwner;

  constructor(owner: ListenerSocketOwner, peer: string | undefined) {
    super();
    this.#owner = owner;
    this.peer = peer;
    // Closing with an error is told through the request and the response, as in Node's server.
    this.on('error', ignore);
  }

  override _read(): void {}

  override _write(chunk: Uint8Array | string, encoding: BufferEncoding, done: Done): void {
    this._writev([{ chunk, encoding }], done);
  }

  override _writev(chunks: readonly WrittenChunk[], done: Done): void {
    if (this.timeout !== undefined && this.timeout > 0) this.setTimeout(this.timeout);
    this.#owner.written(chunks, done);
  }

  override _final(done: Done): void {
    done();
    this.destroy();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#owner.destroyed(error);
    super._destroy(error, done);
  }
}

// Node declares them as properties, so that a class cannot override them as what they are.
Object.defineProperties(ListenerSocket.prototype, {
  remoteAddress: {
    configurable: true,
    get(this: ListenerSocket) {
      return addressOf(this.peer);
    },
  },
  remotePort: {
    configurable: true,
    get(this: ListenerSocket) {
      return addressOf(this.peer) === undefined ? undefined : portOf(this.peer);
    },
  },
  remoteFamily: {
    configurable: true,
    get(this: ListenerSocket) {
      const address = addressOf(this.peer);
      if (address === undefined) return undefined;
      return isIPv6(address) ? 'IPv6' : 'IPv4';
    },
  },
});

/** Of `ADDRESS:PORT`; undefined for what is none, as `unix`. */
function addressOf(peer = ''): string | undefined {
  const colon = peer.lastIndexOf(':');
  return colon < 0 ? undefined : peer.slice(0, colon);
}

function portOf(peer = ''): number {
  return Number(peer.slice(peer.lastIndexOf(':') + 1));
}

function ignore(): void {}
