import type { BodyReader } from './body-reader.ts';

/** What stands for the bytes of a message before any have come. */
export const NOTHING: Uint8Array = new Uint8Array(0);

const utf8 = new TextDecoder();

/** A message's body as its user reads it: a range of the batch that brought it, or a reader. */
export interface IncomingBody {
  readonly reader: BodyReader | undefined;
  /** The whole body: at once when it came with its head, else a promise. */
  bytes(): Uint8Array | Promise<Uint8Array>;
}

/** The body piece by piece. */
export function piecesOf(body: IncomingBody): AsyncIterable<Uint8Array> {
  return body.reader ?? onePiece(body.bytes());
}

/** The whole body as UTF-8 text. */
export function textOf(body: IncomingBody): string | Promise<string> {
  const bytes = body.bytes();
  return bytes instanceof Uint8Array ? utf8.decode(bytes) : bytes.then((all) => utf8.decode(all));
}

/** The whole body parsed as JSON. */
export function jsonOf(body: IncomingBody): unknown {
  const text = textOf(body);
  return typeof text === 'string' ? JSON.parse(text) : text.then((all) => JSON.parse(all));
}

async function* onePiece(bytes: Uint8Array | Promise<Uint8Array>): AsyncGenerator<Uint8Array> {
  const whole = await bytes;
  if (whole.length > 0) yield whole;
}
