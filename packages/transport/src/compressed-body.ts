import type { Fields } from '@tp/wire';

/** Shorter bodies go through the window anyway: nothing is gained by looking. */
const WORTH_LOOKING = 512;

const COMPRESSED_TYPE =
  /^(?:image\/(?!svg|bmp|x-icon)|video\/|audio\/(?!wav|x-wav|midi)|font\/woff|application\/(?:zip|gzip|zstd|x-7z-compressed|x-rar-compressed|pdf))/i;

/**
 * Whether a body is compressed already by what its head says, so that it should pass the window by:
 * it would cost time, gain nothing, and push useful text out (W-076).
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
  return type !== undefined && COMPRESSED_TYPE.test(type);
}
