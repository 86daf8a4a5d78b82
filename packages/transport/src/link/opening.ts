import { BatchEncoder, type Hello, isWindowLog, type WireLimits } from '@tp/wire';
import type { LinkLimits } from '../limits.ts';
import { nodeBytes } from '../node-bytes.ts';
import type { ResolvedLinkOptions } from '../options.ts';
import type { Codec } from '../window/codec.ts';

/** What two hellos agree on, for the direction in which we send. */
export interface Agreement {
  /** Undefined: nothing is packed. */
  readonly codec: Codec | undefined;
  readonly windowLog: number;
  /** Whether each envelope has a CRC (W-017). */
  readonly checksum: boolean;
  /** What the peer accepts. */
  readonly peerLimits: WireLimits;
}

const VERSION = 1;
const AGENT = 'tp/0.1.0';
/** Tags of `Batch.records` and `Record.hello` in `wire.proto`. */
const RECORD = 0x0a;
const HELLO = 0x52;

/** Our hello. */
export function makeHello(options: ResolvedLinkOptions, checksum: boolean): Hello {
  return {
    version: VERSION,
    codecs: options.codecs.receive.map((codec) => ({
      codec: codec.name,
      windowLog: codec.windowLog,
    })),
    limits: wireLimits(options.limits),
    features: [],
    checksum,
    agent: AGENT,
    token: options.token,
  };
}

/** Compares the peer's hello with what we want. */
export function readPeerHello(
  hello: Hello,
  options: ResolvedLinkOptions,
  ownChecksum: boolean,
): Agreement {
  const peerLimits = hello.limits;
  const checksum = ownChecksum || hello.checksum;
  for (const codec of options.codecs.send) {
    const offer = hello.codecs.find(({ codec: name }) => name === codec.name);
    if (offer === undefined || !isWindowLog(codec.name, offer.windowLog)) continue;
    return { codec, windowLog: Math.min(codec.windowLog, offer.windowLog), checksum, peerLimits };
  }
  return { codec: undefined, windowLog: 0, checksum, peerLimits };
}

/** Whether that is a batch of one record, a hello, and nothing else (W-009). */
export function isOneHello(plain: Uint8Array | undefined): boolean {
  if (plain?.[0] !== RECORD) return false;
  let length = 0;
  for (let i = 1; i <= 3; i++) {
    const byte = plain[i] ?? 0;
    length |= (byte & 0x7f) << (7 * (i - 1));
    if (byte < 0x80) return i + 1 + length === plain.length && plain[i + 1] === HELLO;
  }
  return false;
}

/** An encoder for what is said before anything is agreed on. */
export function plainEncoder(limits: WireLimits): BatchEncoder {
  return new BatchEncoder({
    bytes: nodeBytes,
    limits,
    isSecret: () => false,
    inline: true,
    capacity: 256,
  });
}

function wireLimits(limits: LinkLimits): WireLimits {
  const { batchPacked, batchUnpacked, tableBytes, streams } = limits;
  const { streamWindow, linkWindow, headBytes, fields, windows } = limits;
  return {
    batchPacked,
    batchUnpacked,
    tableBytes,
    streams,
    streamWindow,
    linkWindow,
    headBytes,
    fields,
    windows,
  };
}
