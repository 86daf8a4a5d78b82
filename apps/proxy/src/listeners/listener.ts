import type { ListenerConfig } from '../config/config.ts';
import type { TransferFigures } from '../exchange.ts';

/** When an idle connection of HTTP ends. */
export type IdleEnd = 'now' | 'next';

/** One place where requests come in. */
export interface Listener {
  /** The bound address as a URL, its port filled in. */
  readonly address: string;
  /** Figures for metrics. */
  figures(): TransferFigures;
  /**
   * Goes on with another configuration of the same address, as far as that can be done while it
   * listens.
   *
   * @returns false when it has to be opened anew; then nothing has changed.
   */
  update(config: ListenerConfig): boolean;
  /**
   * Takes no further connection, finishes what is under way, and resolves when all is closed.
   *
   * @param end what becomes of HTTP connections that are idle: they are closed at once (`now`), or with
   *   their next response (`next`), where others listen at the same address and the client need not be
   *   cut off.
   */
  drain(end: IdleEnd): Promise<void>;
  /** Cuts off what is left. */
  destroy(): void;
}
