import { checkNumber, invalid } from '../options.ts';

/** When a peer that fails gets no calls for a while. */
export interface EjectionOptions {
  /** So many failures without an answer between, over 100 ms at least. Default 5. */
  readonly failuresInRow: number;
  /** Or such a share of its calls of late, above 0 up to 1. Default 0.5. */
  readonly failureShare: number;
  /** Of so many calls at least. Default 20. */
  readonly leastCalls: number;
  /** How long calls count as "of late", in ms; up to twice as long. Default 10,000. */
  readonly windowMs: number;
  /** How long the first time, in ms, by +-25 %; twice as long each further time. Default 5,000. */
  readonly ejectMs: number;
  /** How long at most, in ms. Default 300,000. */
  readonly maxEjectMs: number;
  /** At most such a share of the peers at once, 0 to 1; 0 turns ejection off. Default 0.5, rounded down. */
  readonly maxEjectedShare: number;
  /** When it is let back: its part of the calls that would be its own, 0 to 1. Default 0.1. */
  readonly probeShare: number;
  /** Until so many are answered. Default 5. */
  readonly probes: number;
}

/** The defaults. */
export const DEFAULT_EJECTION: EjectionOptions = {
  failuresInRow: 5,
  failureShare: 0.5,
  leastCalls: 20,
  windowMs: 10_000,
  ejectMs: 5_000,
  maxEjectMs: 300_000,
  maxEjectedShare: 0.5,
  probeShare: 0.1,
  probes: 5,
};

/** Least and most of each. */
const BOUNDS: { readonly [Name in keyof EjectionOptions]: readonly [number, number] } = {
  failuresInRow: [1, Infinity],
  failureShare: [0.001, 1],
  leastCalls: [1, Infinity],
  windowMs: [1, Infinity],
  ejectMs: [1, 2 ** 30],
  maxEjectMs: [1, 2 ** 30],
  maxEjectedShare: [0, 1],
  probeShare: [0.001, 1],
  probes: [1, Infinity],
};

/**
 * Fills in the defaults.
 *
 * @throws {TpError} INVALID_ARGUMENT for a name that there is not, and a number that cannot be.
 */
export function resolveEjection(options: Partial<EjectionOptions>): EjectionOptions {
  for (const [name, value] of Object.entries(options)) {
    const bounds = Object.entries(BOUNDS).find(([known]) => known === name)?.[1];
    if (bounds === undefined)
      throw invalid(`found ejection.${name}; expected one of ${Object.keys(BOUNDS).join(', ')}`);
    checkNumber(`ejection.${name}`, value, bounds[0], bounds[1]);
  }
  return { ...DEFAULT_EJECTION, ...options };
}
