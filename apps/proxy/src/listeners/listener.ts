import type { ListenerConfig } from '../config/config.ts';
import type { TransferFigures } from '../exchange.ts';
import type { Behind } from './door.ts';

/** When an idle connection of HTTP ends. */
export type IdleEnd = 'now' | 'next';

/** What serves the requests that come in at one door. */
export interface Listener extends Behind {
  /** The bound address as a URL, its port filled in. */
  readonly address: string;
  /** Figures for metrics. */
  figures(): TransferFigures;
  /**
   * Goes on with another configuration of the same address, as far as that can be done while it
   * serves.
   *
   * @returns false when another listener has to take over; then nothing has changed.
   */
  update(config: ListenerConfig): boolean;
  /**
   * Finishes the requests under way and those that clients send before they know, and resolves when all is
   * closed. Clients of HTTP/1.1 are told with their next response. May be called again, with another end.
   *
   * @param noMore resolves when no further connection will be given to it.
   * @param end what becomes of HTTP connections that are idle: they are closed after a while
   *   (`now`), or with their next response alone (`next`), where others listen at the same address and
   *   the client need not be cut off.
   */
  drain(noMore: Promise<void>, end: IdleEnd): Promise<void>;
  /** Cuts off what is left. */
  destroy(): void;
}
