import { DEFAULT_LIMITS, LEAST_BATCH, MAX_CREDIT, type WireLimits } from './limits.ts';
import { type ByteReader, protocolError } from './reader.ts';
import { fromUtf8, toUtf8 } from './utf8.ts';
import { type ByteWriter, varintLength } from './writer.ts';

/** Codecs by name; their numbers are those of enum `Codec`. */
export type CodecName = 'none' | 'deflate' | 'zstd';

/** What a side can unpack: a codec and the largest window that it accepts, as a base-2 logarithm of bytes. */
export interface CodecOffer {
  readonly codec: CodecName;
  readonly windowLog: number;
}

/** The settings that each side opens with. */
export interface Hello {
  readonly version: number;
  /** Best first. Codecs that we don't know are left out when a hello is read. */
  readonly codecs: readonly CodecOffer[];
  readonly limits: WireLimits;
  readonly features: readonly number[];
  /** Asks the peer for a CRC in each envelope (W-017). */
  readonly checksum: boolean;
  readonly agent: string;
  readonly token: Uint8Array;
}

const CODECS: readonly CodecName[] = ['none', 'deflate', 'zstd'];
/** W-071: what an offer without `window_log` means, and the largest and smallest of each. */
const WINDOW_LOGS: Record<CodecName, { usual: number; least: number; most: number }> = {
  none: { usual: 0, least: 0, most: 0 },
  deflate: { usual: 15, least: 9, most: 15 },
  zstd: { usual: 20, least: 10, most: 22 },
};
/** What is kept of the agent's name, in bytes. */
const MAX_AGENT = 256;
const LIMIT_ORDER: readonly (keyof WireLimits)[] = [
  'batchPacked',
  'batchUnpacked',
  'tableBytes',
  'streams',
  'streamWindow',
  'linkWindow',
  'headBytes',
  'fields',
  'windows',
];

/** The number of a codec on the wire. */
export function codecToWire(codec: CodecName): number {
  return CODECS.indexOf(codec);
}

/** The codec of a number; undefined when we know none of that number. */
export function codecFromWire(number: number): CodecName | undefined {
  return CODECS[number];
}

/** Whether a window of that size may be declared for the codec at all (W-071). */
export function isWindowLog(codec: CodecName, windowLog: number): boolean {
  const { least, most } = WINDOW_LOGS[codec];
  return windowLog >= least && windowLog <= most;
}

/** Writes the fields of message Hello. */
export function writeHello(writer: ByteWriter, hello: Hello): void {
  writer.varintField(0x08, hello.version);
  for (const offer of hello.codecs) {
    writer.ensure(8);
    writer.byte(0x12);
    const number = codecToWire(offer.codec);
    writer.varint((number === 0 ? 0 : 2) + (offer.windowLog === 0 ? 0 : 2));
    writer.varintField(0x08, number);
    writer.varintField(0x10, offer.windowLog);
  }
  writer.ensure(64);
  writer.byte(0x1a);
  const lengthAt = writer.position++;
  for (const [index, name] of LIMIT_ORDER.entries()) {
    writer.varintField((index + 1) << 3, hello.limits[name]);
  }
  writer.bytes[lengthAt] = writer.position - lengthAt - 1;
  if (hello.features.length > 0) {
    let length = 0;
    for (const feature of hello.features) length += varintLength(feature);
    writer.ensure(length + 6);
    writer.byte(0x22);
    writer.varint(length);
    for (const feature of hello.features) writer.varint(feature);
  }
  writer.varintField(0x28, hello.checksum ? 1 : 0);
  if (hello.agent !== '') writer.bytesField(0x32, toUtf8(hello.agent, MAX_AGENT));
  if (hello.token.length > 0) writer.bytesField(0x3a, hello.token);
}

/**
 * Reads message Hello from where the reader stands to its end.
 *
 * @throws {TpError} PROTOCOL when it breaks W-001 to W-005, W-012, W-013 or W-028.
 */
export function readHello(reader: ByteReader): Hello {
  let version = 0;
  const codecs: CodecOffer[] = [];
  let limits = DEFAULT_LIMITS;
  const features: number[] = [];
  let checksum = false;
  let agent = '';
  let token: Uint8Array = new Uint8Array(0);
  const end = reader.end;
  while (reader.position < end) {
    const tag = reader.varint();
    switch (tag) {
      case 0x08:
        version = reader.varint();
        break;
      case 0x12: {
        const offer = within(reader, readOffer);
        if (offer !== undefined) codecs.push(offer);
        break;
      }
      case 0x1a:
        limits = within(reader, readLimits);
        break;
      case 0x20:
        features.push(reader.varint());
        break;
      case 0x22:
        within(reader, (inner) => {
          while (inner.position < inner.end) features.push(inner.varint());
        });
        break;
      case 0x28:
        checksum = reader.varint() !== 0;
        break;
      case 0x32: {
        const piece = takeBytes(reader);
        agent = fromUtf8(piece, 0, Math.min(piece.length, MAX_AGENT));
        break;
      }
      case 0x3a:
        token = takeBytes(reader).slice();
        break;
      default:
        reader.skip(tag, 8);
    }
  }
  if (version < 1) throw protocolError('a hello has no version, or one below 1 (W-012)');
  return { version, codecs, limits, features, checksum, agent, token };
}

function readOffer(reader: ByteReader): CodecOffer | undefined {
  let number = 0;
  let windowLog = 0;
  while (reader.position < reader.end) {
    const tag = reader.varint();
    if (tag === 0x08) number = reader.varint();
    else if (tag === 0x10) windowLog = reader.varint();
    else reader.skip(tag, 3);
  }
  const codec = codecFromWire(number);
  if (codec === undefined) return undefined;
  return { codec, windowLog: windowLog === 0 ? WINDOW_LOGS[codec].usual : windowLog };
}

function readLimits(reader: ByteReader): WireLimits {
  const limits = { ...DEFAULT_LIMITS };
  while (reader.position < reader.end) {
    const tag = reader.varint();
    const name = (tag & 7) === 0 ? LIMIT_ORDER[(tag >>> 3) - 1] : undefined;
    if (name === undefined) {
      reader.skip(tag, LIMIT_ORDER.length + 1);
      continue;
    }
    const value = reader.varint();
    if (value !== 0) limits[name] = value;
  }
  if (limits.batchPacked < LEAST_BATCH || limits.batchUnpacked < LEAST_BATCH) {
    throw protocolError(`a hello accepts batches below ${LEAST_BATCH} bytes (W-013)`);
  }
  if (limits.streamWindow > MAX_CREDIT || limits.linkWindow > MAX_CREDIT) {
    throw protocolError(`a hello gives more credit than ${MAX_CREDIT} bytes (W-028)`);
  }
  return limits;
}

function takeBytes(reader: ByteReader): Uint8Array {
  const length = reader.length();
  const piece = reader.bytes.subarray(reader.position, reader.position + length);
  reader.position += length;
  return piece;
}

function within<T>(reader: ByteReader, read: (reader: ByteReader) => T): T {
  const length = reader.length();
  const outer = reader.end;
  reader.end = reader.position + length;
  const result = read(reader);
  reader.end = outer;
  return result;
}
