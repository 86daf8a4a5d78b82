import { type CodecName, isWindowLog, TpError } from '@tp/wire';
import type { Codec } from './codec.ts';
import { deflate, hasZstd, zstd } from './native-codecs.ts';

/** Codecs in order of preference, by name or as values. `['none']` turns compression off. */
export type CodecList = readonly (CodecName | Codec)[];

/** One list for what we send and one for what we offer to receive. What is left out is the default. */
export interface CodecsByDirection {
  readonly send?: CodecList;
  readonly receive?: CodecList;
}

/** What a link may pack and unpack with. */
export interface CodecChoice {
  /** In order of preference: the first that the peer can unpack packs what we send. */
  readonly send: readonly Codec[];
  /** What we offer to unpack, with the largest window of each. */
  readonly receive: readonly Codec[];
}

const DEFAULT: CodecList = ['zstd', 'deflate'];

/**
 * What the option `codecs` stands for. Names of codecs that this Node lacks are left out.
 *
 * @throws {TpError} INVALID_ARGUMENT for an unknown name, and for a window that its codec cannot have.
 */
export function resolveCodecs(codecs: CodecList | CodecsByDirection = DEFAULT): CodecChoice {
  if (isList(codecs)) {
    const both = resolveList(codecs);
    return { send: both, receive: both };
  }
  return {
    send: resolveList(codecs.send ?? DEFAULT),
    receive: resolveList(codecs.receive ?? DEFAULT),
  };
}

function isList(codecs: CodecList | CodecsByDirection): codecs is CodecList {
  return Array.isArray(codecs);
}

function resolveList(list: CodecList): Codec[] {
  const resolved: Codec[] = [];
  for (const codec of list) {
    const value = typeof codec === 'string' ? named(codec) : codec;
    if (value === undefined) continue;
    if (!isWindowLog(value.name, value.windowLog)) {
      throw invalid(
        `found windowLog: ${value.windowLog} of the codec ${value.name}; expected 9 to 15 for deflate, 10 to 22 for zstd (W-071)`,
      );
    }
    resolved.push(value);
  }
  return resolved;
}

function named(name: CodecName): Codec | undefined {
  if (name === 'deflate') return deflate;
  if (name === 'zstd') return hasZstd ? zstd : undefined;
  if (name === 'none') return undefined;
  throw invalid(
    `found the codec ${JSON.stringify(name)}; expected "zstd", "deflate", "none" or a codec of your own`,
  );
}

function invalid(message: string): TpError {
  return new TpError({ code: 'INVALID_ARGUMENT', message, processed: 'no' });
}
