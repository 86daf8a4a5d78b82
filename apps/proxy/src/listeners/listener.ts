import type { TransferFigures } from '../exchange.ts';

/** One place where requests come in. */
export interface Listener {
  /** The bound address as a URL, its port filled in. */
  readonly address: string;
  /** Figures for metrics. */
  figures(): TransferFigures;
  /** Takes no further request, finishes those under way, and resolves when all is closed. */
  drain(): Promise<void>;
  /** Cuts off what is left. */
  destroy(): void;
}
