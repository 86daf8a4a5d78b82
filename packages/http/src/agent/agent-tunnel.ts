import type { Duplex } from 'node:stream';
import type { PrintSocket, WrittenChunk } from './agent-exchange.ts';

/**
 * The other protocol on a socket whose request was answered 101: joins it to the exchange's own
 * socket, with backpressure in both directions. Either direction may end before the other.
 */
export class AgentTunnel {
  readonly #far: Duplex;

  constructor(far: Duplex, near: PrintSocket) {
    this.#far = far;
    far.on('data', (bytes: Buffer) => {
      if (!near.print(bytes)) far.pause();
    });
    far.on('end', () => near.printEnd());
    far.on('error', (error) => near.destroy(error));
    far.on('close', () => {
      if (!far.readableEnded) near.destroy();
    });
  }

  written(chunks: readonly WrittenChunk[], taken: () => void): void {
    let left = chunks.length;
    const sent = (): void => {
      if (--left === 0) taken();
    };
    for (const { chunk, encoding } of chunks) this.#far.write(chunk, encoding, sent);
  }

  /** The near side writes no more. */
  ended(): void {
    this.#far.end();
  }

  /** The near side takes more. */
  wanted(): void {
    this.#far.resume();
  }

  /** The near side is closed. */
  closed(): void {
    this.#far.destroy();
  }
}
