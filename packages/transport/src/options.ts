import type { CodecName } from '@tp/wire';
import { type Clock, systemClock } from './clock.ts';
import type { Codec } from './codec.ts';
import { DEFAULT_LINK_LIMITS, type LinkLimits } from './limits.ts';
import { deflate, hasZstd, zstd } from './native-codecs.ts';

/** What a link may be told, on either side. */
export interface LinkOptions {
  /**
   * Codecs in order of preference, by name or as values. The first that the peer can unpack packs
   * what we send; the same list is offered to the peer. Default: `zstd` where Node has it, then
   * `deflate`. `['none']` turns compression off.
   */
  readonly codecs?: readonly (CodecName | Codec)[];
  /** How long records gather before a batch that is not full is sent, in ms. Default 0: an idle link sends at once. */
  readonly maxBatchDelayMs?: number;
  /** A batch is closed at this size, in bytes before packing. Default 64 KiB. */
  readonly maxBatchBytes?: number;
  /** Further field names whose values stay out of the compression window (W-060). */
  readonly secretFields?: readonly string[];
  /** Limits that differ from `DEFAULT_LINK_LIMITS`. */
  readonly limits?: Partial<LinkLimits>;
  /** Default: the process's clock. */
  readonly clock?: Clock;
}

/** `LinkOptions` with every default filled in. */
export interface ResolvedLinkOptions {
  readonly codecs: readonly Codec[];
  readonly maxBatchDelayMs: number;
  readonly maxBatchBytes: number;
  readonly isSecret: (name: string) => boolean;
  readonly limits: LinkLimits;
  readonly clock: Clock;
}

const SECRET_FIELDS = ['authorization', 'cookie', 'set-cookie', 'proxy-authorization', 'x-api-key'];

/** Fills in the defaults. */
export function resolveLinkOptions(options: LinkOptions): ResolvedLinkOptions {
  const secrets = new Set(SECRET_FIELDS);
  for (const name of options.secretFields ?? []) secrets.add(name.toLowerCase());
  return {
    codecs: resolveCodecs(options.codecs ?? ['zstd', 'deflate']),
    maxBatchDelayMs: options.maxBatchDelayMs ?? 0,
    maxBatchBytes: options.maxBatchBytes ?? 64 * 1024,
    isSecret: (name) => secrets.has(name.toLowerCase()),
    limits: { ...DEFAULT_LINK_LIMITS, ...options.limits },
    clock: options.clock ?? systemClock,
  };
}

function resolveCodecs(codecs: readonly (CodecName | Codec)[]): Codec[] {
  const resolved: Codec[] = [];
  for (const codec of codecs) {
    if (typeof codec !== 'string') resolved.push(codec);
    else if (codec === 'deflate') resolved.push(deflate);
    else if (codec === 'zstd' && hasZstd) resolved.push(zstd);
  }
  return resolved;
}
