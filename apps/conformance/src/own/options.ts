import { parseArgs } from 'node:util';
import type { LinkOptions } from '@tp/transport';
import type { CodecName } from '@tp/wire';

/** What both of our peers are told. */
export interface OwnOptions {
  readonly port: number;
  readonly codecs: readonly CodecName[];
  /** What the server asks for and the client shows (W-024). */
  readonly token: string | undefined;
}

/**
 * Isolated windows that our peers take (W-075), and no shedding: what a slow machine makes wait is
 * answered all the same, so that the kit sees what it asks for.
 */
const LIMITS = { windows: 4, maxHandlerWaitMs: 600_000 };

/** What our peers run with. */
export function ownLinkOptions(codecs: readonly CodecName[]): LinkOptions {
  return { codecs, limits: LIMITS };
}

/** Reads `--port N --codec zstd|deflate|none --token TEXT`. */
export function parseOwnOptions(args: readonly string[]): OwnOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string' },
      codec: { type: 'string', default: 'zstd' },
      token: { type: 'string' },
    },
  });
  return { port: Number(values.port), codecs: codecsOf(values.codec), token: values.token };
}

function codecsOf(codec: string): CodecName[] {
  if (codec === 'zstd') return ['zstd', 'deflate'];
  return [codec === 'deflate' ? 'deflate' : 'none'];
}
