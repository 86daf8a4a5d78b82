import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';

interface Coding {
  readonly encode: (bytes: Uint8Array) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => Uint8Array;
}

const GZIP: Coding = { encode: (bytes) => gzipSync(bytes), decode: (bytes) => gunzipSync(bytes) };

/** At the settings that servers use for answers that they make as they go. */
const CODINGS: ReadonlyMap<string, Coding> = new Map([
  ['gzip', GZIP],
  ['x-gzip', GZIP],
  ['deflate', { encode: (bytes) => deflateSync(bytes), decode: (bytes) => inflateSync(bytes) }],
  [
    'br',
    {
      encode: (bytes) =>
        brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
      decode: (bytes) => brotliDecompressSync(bytes),
    },
  ],
  [
    'zstd',
    { encode: (bytes) => zstdCompressSync(bytes), decode: (bytes) => zstdDecompressSync(bytes) },
  ],
]);

/** A body both ways. */
export interface CodedBody {
  /** As it goes over the network. */
  readonly sent: Uint8Array;
  /** What it means. The same object where no coding is known to be applied. */
  readonly plain: Uint8Array;
}

/**
 * What a recorded body was on the network. Browsers write down what a body means, whatever
 * `content-encoding` it came in; others write down what came. Which of the two stands in the file
 * shows when it is unpacked; what was unpacked by the recorder is packed again.
 *
 * @param contentEncoding the field's value; several codings, and unknown ones, are left alone.
 */
export function codedBody(contentEncoding: string | undefined, recorded: Uint8Array): CodedBody {
  const coding = CODINGS.get(contentEncoding?.trim().toLowerCase() ?? '');
  if (coding === undefined || recorded.length === 0) return { sent: recorded, plain: recorded };
  try {
    return { sent: recorded, plain: coding.decode(recorded) };
  } catch {
    return { sent: coding.encode(recorded), plain: recorded };
  }
}
