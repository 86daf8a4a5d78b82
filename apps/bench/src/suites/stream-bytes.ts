import { promisify } from 'node:util';
import { constants, createDeflateRaw, type DeflateRaw, zstdCompress } from 'node:zlib';
import { requestHttp1, responseHttp1 } from '@tp/savings';
import type { Exchange } from '../traffic/exchange.ts';
import type { DirectionBytes } from './bytes.ts';

/** The longest piece that ssh packs and flushes by itself: what a channel's packet holds. */
const SSH_PIECE = 32 * 1024;
/** `zstd -19 --long`: a window of 128 MiB. */
const OFFLINE = {
  [constants.ZSTD_c_compressionLevel]: 19,
  [constants.ZSTD_c_windowLog]: 27,
  [constants.ZSTD_c_enableLongDistanceMatching]: 1,
};

const compressOffline = promisify(zstdCompress);

/**
 * What `ssh -C` would make of HTTP/1.1: one deflate stream for each direction, level 6, flushed after
 * each batch. Its packets' heads, padding and checks, 20 to 40 bytes each, are not counted.
 */
export async function countSshBytes(
  exchanges: readonly Exchange[],
  batch: number,
): Promise<DirectionBytes> {
  const { requests, responses } = messagesOf(exchanges);
  const [request, response] = await Promise.all([
    deflated(requests, batch),
    deflated(responses, batch),
  ]);
  return { request, response };
}

/** All of the traffic packed at once, each direction by itself: no way to send it, but how far packing alone can go. */
export async function countOfflineBytes(exchanges: readonly Exchange[]): Promise<DirectionBytes> {
  const { requests, responses } = messagesOf(exchanges);
  const [request, response] = await Promise.all(
    [requests, responses].map((all) => compressOffline(Buffer.concat(all), { params: OFFLINE })),
  );
  return { request: request?.length ?? 0, response: response?.length ?? 0 };
}

function messagesOf(exchanges: readonly Exchange[]) {
  return {
    requests: exchanges.map(({ request }) => requestHttp1(request)),
    responses: exchanges.map(({ response }) => responseHttp1(response)),
  };
}

async function deflated(messages: readonly Uint8Array[], batch: number): Promise<number> {
  const packer = createDeflateRaw({ level: 6 });
  let bytes = 0;
  packer.on('data', (piece: Buffer) => {
    bytes += piece.length;
  });
  for (let start = 0; start < messages.length; start += batch) {
    const together = Buffer.concat(messages.slice(start, start + batch));
    for (let at = 0; at < together.length; at += SSH_PIECE) {
      packer.write(together.subarray(at, at + SSH_PIECE));
      await flushed(packer);
    }
  }
  packer.close();
  return bytes;
}

function flushed(packer: DeflateRaw): Promise<void> {
  return new Promise((resolve) => packer.flush(constants.Z_PARTIAL_FLUSH, () => resolve()));
}
