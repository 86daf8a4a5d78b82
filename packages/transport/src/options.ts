import { LEAST_BATCH, MAX_CREDIT, TpError } from '@tp/wire';
import { type Clock, systemClock } from './clock.ts';
import { DEFAULT_LINK_LIMITS, type LinkLimits } from './limits.ts';
import { Upkeep } from './link/upkeep.ts';
import {
  type CodecChoice,
  type CodecList,
  type CodecsByDirection,
  resolveCodecs,
} from './window/codec-choice.ts';
import type { WindowChoice } from './window/tenants.ts';

/** What a link may be told, on either side. */
export interface LinkOptions {
  /**
   * Codecs in order of preference, by name or as values. The first that the peer can unpack packs
   * what we send; the same list is offered to the peer. Default: `zstd` where Node has it, then
   * `deflate`. `['none']` turns compression off. `{ send, receive }` gives each direction a list of
   * its own.
   */
  readonly codecs?: CodecList | CodecsByDirection;
  /** How long records gather before a batch that is not full is sent, in ms. Default 0: an idle link sends at once. */
  readonly maxBatchDelayMs?: number;
  /**
   * A batch is closed at this size, in bytes before packing. Default 256 KiB. Streamed bodies fill at
   * most 64 KiB of it.
   */
  readonly maxBatchBytes?: number;
  /**
   * The compression window of what does not say which. Default `shared`. A server answers what came
   * through another than the shared one through one of the same kind.
   */
  readonly window?: WindowChoice;
  /** Further field names whose values stay out of the compression window (W-060). */
  readonly secretFields?: readonly string[];
  /** Limits that differ from `DEFAULT_LINK_LIMITS`. */
  readonly limits?: Partial<LinkLimits>;
  /**
   * Allows `teleport://` beyond this machine, where anyone between can read and change what passes.
   * Default false: `teleports://` is needed there.
   */
  readonly insecure?: boolean;
  /** Default: the process's clock. */
  readonly clock?: Clock;
}

/** `LinkOptions` with every default filled in. */
export interface ResolvedLinkOptions {
  readonly codecs: CodecChoice;
  readonly maxBatchDelayMs: number;
  readonly maxBatchBytes: number;
  readonly window: WindowChoice;
  readonly isSecret: (name: string) => boolean;
  readonly limits: LinkLimits;
  readonly clock: Clock;
  /** One for all links that are made with these options. */
  readonly upkeep: Upkeep;
  /** What our hello says to those who ask for a token (W-024); empty when there is none. */
  readonly token: Uint8Array;
}

const SECRET_FIELDS = ['authorization', 'cookie', 'set-cookie', 'proxy-authorization', 'x-api-key'];

/**
 * Fills in the defaults.
 *
 * @throws {TpError} INVALID_ARGUMENT for a limit, size or delay that cannot be.
 */
export function resolveLinkOptions(options: LinkOptions): ResolvedLinkOptions {
  for (const [name, value] of Object.entries(options.limits ?? {})) checkLimit(name, value);
  checkNumber('maxBatchBytes', options.maxBatchBytes, 1);
  checkNumber('maxBatchDelayMs', options.maxBatchDelayMs, 0);
  const clock = options.clock ?? systemClock;
  const secrets = new Set(SECRET_FIELDS);
  for (const name of options.secretFields ?? []) secrets.add(name.toLowerCase());
  return {
    codecs: resolveCodecs(options.codecs),
    maxBatchDelayMs: options.maxBatchDelayMs ?? 0,
    maxBatchBytes: options.maxBatchBytes ?? 256 * 1024,
    window: checkWindow(options.window ?? 'shared'),
    isSecret: (name) => secrets.has(name.toLowerCase()),
    limits: { ...DEFAULT_LINK_LIMITS, ...options.limits },
    clock,
    upkeep: new Upkeep(clock),
    token: new Uint8Array(0),
  };
}

/** What a hello says has a least value: 0 would mean the default there (W-013). */
const LEAST: ReadonlyMap<string, number> = new Map([
  ['batchPacked', LEAST_BATCH],
  ['batchUnpacked', LEAST_BATCH],
  ['tableBytes', 1],
  ['streams', 1],
  ['streamWindow', 1],
  ['linkWindow', 1],
  ['headBytes', 1],
  ['fields', 1],
]);

function checkLimit(name: string, value: number | undefined): void {
  if (!(name in DEFAULT_LINK_LIMITS)) {
    throw invalid(`found the limit ${JSON.stringify(name)}; there is none of that name`);
  }
  const least = LEAST.get(name);
  checkNumber(`limits.${name}`, value, least ?? 0, least === undefined ? Infinity : MAX_CREDIT);
}

/** @throws {TpError} INVALID_ARGUMENT for a number outside of its bounds, and for what is none. */
function checkWindow(choice: WindowChoice): WindowChoice {
  if (choice === 'shared' || choice === 'off') return choice;
  if (typeof choice === 'object' && typeof choice.isolated === 'string') return choice;
  throw invalid(
    `found window: ${JSON.stringify(choice)}; expected "shared", "off" or { isolated: key }`,
  );
}

export function checkNumber(
  name: string,
  value: number | undefined,
  least: number,
  most = Infinity,
): void {
  if (value === undefined || (value >= least && value <= most)) return;
  throw invalid(`found ${name}: ${value}; expected a number from ${least} to ${most}`);
}

/** An error that says what was found and what is expected. */
export function invalid(message: string): TpError {
  return new TpError({ code: 'INVALID_ARGUMENT', message, processed: 'no' });
}
