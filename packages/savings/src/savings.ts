import type { Advice } from './advice.ts';
import type { Rate } from './arrivals.ts';
import type { Setting } from './settings.ts';

/** Bytes and CPU of one exchange, on average. */
export interface Cost {
  /** Bytes towards the service, and back from it. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Both together. */
  readonly bytes: number;
}

/** One way to set a link, replayed. */
export interface Trial extends Cost, Setting {
  /** Calls that were handed over together. */
  readonly batch: number;
  /** CPU of both ends for one exchange, in µs. */
  readonly cpuUs: number;
  /** HTTP/1.1 bytes for each byte on the wire. */
  readonly ratio: number;
  /** What the bytes that are not sent would have cost in a month. */
  readonly savedPerMonth: number;
  /** What the CPU of both ends costs in a month. */
  readonly cpuPerMonth: number;
}

/** A delay that batches wait for more calls. */
export interface DelayTrial extends Trial {
  readonly delayMs: number;
}

/** What teleporting would save on recorded traffic; exactly what `--json` writes. */
export interface Savings {
  readonly suite: 'measure';
  readonly runtime: string;
  readonly machine: string;
  /** The traffic's file, or what it is. */
  readonly traffic: string;
  readonly requests: number;
  readonly leftOut: readonly { readonly why: string; readonly count: number }[];
  readonly rate: Rate;
  readonly pricePerGb: number;
  readonly pricePerCore: number;
  /** As HTTP/1.1 with bodies as they were sent, and what those bytes cost in a month. */
  readonly http1: Cost & { readonly perMonth: number };
  /** Each codec and level with each number of calls a batch. */
  readonly results: readonly Trial[];
  /** The advised codec with several delays, at the rate. */
  readonly delays: readonly DelayTrial[];
  /** The advised codec with bodies that come unpacked; where some came packed. */
  readonly unpackedBodies?: Trial & { readonly packedBodies: number };
  readonly advice: Advice;
}
