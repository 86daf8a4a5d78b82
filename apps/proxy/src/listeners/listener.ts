import type { ListenerConfig } from '../config/config.ts';
import type { TransferFigures } from '../exchange.ts';

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
  /** Takes no further request, finishes those under way, and resolves when all is closed. */
  drain(): Promise<void>;
  /** Cuts off what is left. */
  destroy(): void;
}
