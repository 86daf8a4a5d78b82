import type { Duplex } from 'node:stream';
import { ListenerSocket, type ListenerSocketOwner, type WrittenChunk } from './listener-socket.ts';

type Done = (error?: Error | null) => void;

/** Who answers what a listener for upgrades writes, until it has switched. */
export interface UpgradeSocketOwner extends ListenerSocketOwner {
  /** Whether a 101 was written. */
  readonly isSwitched: boolean;
  /** Nothing further is written. */
  complete(): void;
}

/**
 * The socket that a listener for upgrades gets. At first it takes an HTTP response, as raw text; once
 * that was a 101, it is a way to the client.
 */
export class UpgradeSocket extends ListenerSocket {
  readonly #owner: UpgradeSocketOwner;
  #tunnel: Duplex | undefined;
  /** Called when the tunnel has sent the end: it was said before there was a tunnel. */
  #ending: Done | undefined;

  constructor(owner: UpgradeSocketOwner, peer: string | undefined) {
    super(owner, peer);
    this.#owner = owner;
    this.allowHalfOpen = true;
  }

  /** It leads there from now on. `early` was written behind the 101 already. */
  attach(tunnel: Duplex, early: Uint8Array): void {
    if (this.destroyed) {
      tunnel.destroy();
      return;
    }
    this.#tunnel = tunnel;
    tunnel.on('data', (bytes: Uint8Array) => {
      this.#stayAwake();
      if (!this.push(bytes)) tunnel.pause();
    });
    tunnel.once('end', () => this.push(null));
    tunnel.once('error', (error) => this.destroy(error));
    tunnel.once('close', () => {
      if (!tunnel.readableEnded || !tunnel.writableFinished) this.destroy();
    });
    if (early.length > 0) tunnel.write(early);
    if (this.#ending !== undefined) tunnel.end(this.#ending);
  }

  override _read(): void {
    this.#tunnel?.resume();
  }

  override _writev(chunks: readonly WrittenChunk[], done: Done): void {
    const tunnel = this.#tunnel;
    if (tunnel === undefined) {
      super._writev(chunks, done);
      return;
    }
    this.#stayAwake();
    const last = chunks.length - 1;
    tunnel.cork();
    for (const [i, { chunk, encoding }] of chunks.entries()) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
      if (i === last) tunnel.write(bytes, done);
      else tunnel.write(bytes);
    }
    tunnel.uncork();
  }

  override _final(done: Done): void {
    if (this.#tunnel !== undefined) this.#tunnel.end(done);
    else if (this.#owner.isSwitched) this.#ending = done;
    else {
      this.#owner.complete();
      super._final(done);
    }
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#tunnel?.destroy(error ?? undefined);
    super._destroy(error, done);
  }

  /** What `setTimeout` asked for begins anew, as on any socket that something passes through. */
  #stayAwake(): void {
    if (this.timeout !== undefined && this.timeout > 0) this.setTimeout(this.timeout);
  }
}
