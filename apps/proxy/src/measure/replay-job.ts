import type { Rate, Savings } from '@tp/savings';
import type { SampledExchange } from './exchange-sample.ts';

/** What the process that replays is told. */
export interface ReplayJob {
  /** The listener's name. */
  readonly name: string;
  readonly exchanges: readonly SampledExchange[];
  readonly leftOut: ReadonlyMap<string, number>;
  readonly rate: Rate;
  readonly pricePerGb: number;
  readonly pricePerCore: number;
}

/** What it says. */
export type ReplayOutcome = { readonly savings: Savings } | { readonly error: string };
