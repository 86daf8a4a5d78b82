import type { Fields } from '@tp/wire';
import { looksRandom } from './random-bytes.ts';

/** Shorter bodies go through the window anyway: nothing is gained by looking. */
const WORTH_LOOKING = 512;

const COMPRESSED_TYPE =
  /^(?:image\/(?!svg|bmp|x-icon)|video\/|audio\/(?!wav|x-wav|midi)|font\/woff|application\/(?:zip|gzip|zstd|x-7z-compressed|x-rar-compressed|pdf))/i;

/**
 * Whether a body is compressed already, by what its head says or by how a whole one looks, so that it
 * should pass the window by: it would cost time, gain nothing, and push useful text out (W-076). Of
 * streamed bodies each piece is looked at when its turn has come.
 */
export function isCompressed(
  fields: Fields,
  body: Uint8Array | undefined,
  streamed: boolean,
): boolean {
  if (!streamed && (body === undefined || body.length < WORTH_LOOKING)) return false;
  const encoding = fields.get('content-encoding');
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') return true;
  const type = fields.get('content-type');
  if (type !== undefined && COMPRESSED_TYPE.test(type)) return true;
  return body !== undefined && looksRandom(body);
}
