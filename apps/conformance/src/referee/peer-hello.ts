import { CODECS } from '../codes.ts';
import { DEFAULT_LIMITS, LIMIT_NAMES, type Limits, type Offer } from '../craft/hello.ts';
import { Message } from './message.ts';
import type { PeerHello } from './said.ts';
import { readText } from './text.ts';
import { Violation } from './violation.ts';
import { validOffer } from './window-logs.ts';

const LEAST_BATCH = 131_072;
const MAX_CREDIT = 2 ** 31 - 1;
const MAX_AGENT = 256;

/** Reads a hello and holds it to W-012, W-013 and W-028. */
export function readHello(bytes: Uint8Array): PeerHello {
  const message = new Message('Hello', bytes);
  message.once(3);
  const version = message.uint(1);
  if (version < 1) throw new Violation('W-012', `a hello has version ${version}`, bytes);
  return {
    version,
    offers: message.pieces(2).flatMap(readOffer),
    limits: readLimits(message.piece(3)),
    checksum: message.uint(5) !== 0,
    agent: readText('an agent', message.piece(6), MAX_AGENT),
    token: Buffer.from(message.piece(7) ?? []).toString('latin1'),
  };
}

function readOffer(bytes: Uint8Array): Offer[] {
  const message = new Message('CodecOffer', bytes);
  const codec = CODECS[message.uint(1)];
  if (codec === undefined || codec === 'NONE') return [];
  return validOffer({ codec, windowLog: message.uint(2) });
}

function readLimits(bytes: Uint8Array | undefined): Limits {
  const limits = { ...DEFAULT_LIMITS };
  if (bytes === undefined) return limits;
  const message = new Message('Limits', bytes);
  for (const [index, name] of LIMIT_NAMES.entries()) {
    const value = message.uint(index + 1);
    if (value !== 0) limits[name] = value;
  }
  if (limits.batchPacked < LEAST_BATCH || limits.batchUnpacked < LEAST_BATCH) {
    throw new Violation('W-013', `a hello accepts batches below ${LEAST_BATCH} bytes`, bytes);
  }
  if (Math.max(limits.streamWindow, limits.linkWindow) > MAX_CREDIT) {
    throw new Violation('W-028', 'a hello accepts more credit than there may be', bytes);
  }
  return limits;
}
