import net from 'node:net';
import { createDeflateRaw, createZstdCompress, constants as zlib } from 'node:zlib';
import {
  BatchEncoder,
  type CodecName,
  DEFAULT_LIMITS,
  encodeEnvelope,
  Fields,
  PREFACE,
  portableBytes,
  RequestHead,
  sealPlain,
} from '@tp/wire';

/** Limits that no honest peer states, so that the encoder writes whatever it is told. */
const NO_LIMITS = { ...DEFAULT_LIMITS, headBytes: 2 ** 30, fields: 2 ** 20 };
const GIB = 1024 * 1024 * 1024;
const ZEROS = Buffer.alloc(1024 * 1024);

/** A valid preface and hello. */
export function opening(): Buffer {
  const encoder = newEncoder();
  encoder.hello({
    version: 1,
    codecs: [
      { codec: 'zstd', windowLog: 20 },
      { codec: 'deflate', windowLog: 15 },
    ],
    limits: DEFAULT_LIMITS,
    features: [],
    checksum: true,
    agent: 'hostile',
    token: new Uint8Array(0),
  });
  return Buffer.concat([PREFACE, sealPlain(encoder.records, portableBytes, true)]);
}

/** A request whose head has about so many bytes, each field within its own limits. */
export function largeRequest(bytes: number): Uint8Array {
  const raw = ['host', 'a'];
  for (let left = bytes; left > 0; left -= 8_000) raw.push(`x-${left}`, 'v'.repeat(7_900));
  const encoder = newEncoder();
  encoder.request(1, new RequestHead('GET', '/echo', new Fields(raw)), undefined, false, 0);
  return sealPlain(encoder.records, portableBytes, true);
}

/** A batch that says that it unpacks to `declared` bytes, and would unpack to 1 GiB of zeros. */
export async function bomb(codec: CodecName, declared: number, longest = GIB): Promise<Uint8Array> {
  const packed = (await gibOfZeros(codec)).subarray(0, longest);
  const windowLog = codec === 'zstd' ? 20 : 15;
  return encodeEnvelope(
    {
      ...{ plain: undefined, packed, unpackedSize: declared, crc: 0 },
      window: { codec, windowLog },
      windowId: 0,
    },
    portableBytes,
  );
}

async function gibOfZeros(codec: CodecName): Promise<Buffer> {
  const engine =
    codec === 'zstd'
      ? createZstdCompress({ params: { [zlib.ZSTD_c_windowLog]: 20 } })
      : createDeflateRaw({ level: 9 });
  const packed = engine.toArray();
  // After a full flush, deflate says the same of the same bytes again: one part in 16 is enough.
  const parts = codec === 'zstd' ? 1 : 16;
  for (let sent = 0; sent < GIB / parts; sent += ZEROS.length) {
    await new Promise((resolve) => engine.write(ZEROS, resolve));
  }
  if (parts > 1) await new Promise<void>((resolve) => engine.flush(zlib.Z_FULL_FLUSH, resolve));
  engine.end();
  const part = Buffer.concat(await packed);
  return parts === 1 ? part : Buffer.concat(Array.from({ length: parts }, () => part));
}

/** Sends these bytes to a port, and resolves with what came back when the other side has closed. */
export function sendAndWait(address: string, bytes: Uint8Array): Promise<Buffer> {
  const { hostname, port } = new URL(address);
  const socket = net.connect(Number(port), hostname);
  const pieces: Buffer[] = [];
  socket.on('data', (piece) => pieces.push(piece));
  // A reset is a close like any other.
  socket.on('error', () => undefined);
  socket.write(bytes);
  return new Promise((resolve) => socket.once('close', () => resolve(Buffer.concat(pieces))));
}

function newEncoder(): BatchEncoder {
  return new BatchEncoder({
    ...{ bytes: portableBytes, limits: NO_LIMITS, isSecret: () => false, inline: true },
  });
}
