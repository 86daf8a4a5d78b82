import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Journal } from '../journal.ts';

/** What all applications serve under the same paths, so that one client program fits them all. */

/** JSON of about 200 KiB: more than rides in a head's record. */
export const LARGE_LIST = Array.from({ length: 3000 }, (_, id) => ({
  id,
  name: `item ${id}`,
  tags: ['größe', 'μ'],
  price: id / 8,
}));

/** Text of 20,000 bytes that compresses. */
export const PROSE = 'All happy families are alike. '.repeat(667).slice(0, 20_000);

export const LAST_MODIFIED = new Date('2026-01-02T03:04:05Z');

export const COOKIE_SECRET = 'keyboard cat';
/** It has passed, as Hono takes no date that is more than 400 days ahead. */
export const COOKIE_EXPIRES = new Date('2025-01-02T03:04:05Z');

/** More than fits between a server and a client that does not read: 16 MiB. */
export const DOWNLOAD_BYTES = 16 * 1024 * 1024;

const PIECE = Buffer.from(Uint8Array.from({ length: 65_536 }, (_, i) => (i * i) >> 3));

/** A large body that notes when it is asked for its first piece, and for the end or is stopped before. */
export function largeDownload(journal: Journal): Readable {
  return Readable.from(largePieces(journal), { objectMode: false });
}

/** The pieces of that, also for uploads. */
export async function* largePieces(journal: Journal): AsyncGenerator<Buffer> {
  let sent = 0;
  try {
    journal.note('the first piece was asked for');
    for (; sent < DOWNLOAD_BYTES; sent += PIECE.length) yield PIECE;
  } finally {
    journal.note(sent < DOWNLOAD_BYTES ? 'it was stopped' : 'all was asked for');
  }
}

/** A body that fails after its first piece, once the client has seen the head. */
export function breakingDownload(journal: Journal): Readable {
  return Readable.from(breakingPieces(journal), { objectMode: false });
}

async function* breakingPieces(journal: Journal): AsyncGenerator<Buffer> {
  yield Buffer.from('begun');
  await journal.until('the client has the head');
  throw bareError('the source broke');
}

/** Server-sent events: the second comes when it is asked for by another request, the third never. */
export async function* events(journal: Journal): AsyncGenerator<string> {
  yield 'event: greeting\ndata: first\n\n';
  await journal.until('the next event is asked for');
  yield 'data: second\nid: 2\n\n';
  await forever();
}

/** A body that begins and does not go on. */
export async function* partial(): AsyncGenerator<string> {
  yield 'partial';
  await forever();
}

export function forever(): Promise<never> {
  return new Promise(() => {});
}

/** A file that was uploaded, as the frameworks show it that use multer. */
export interface UploadedFile {
  readonly fieldname: string;
  readonly originalname: string;
  readonly mimetype: string;
  readonly buffer: Uint8Array;
}

/** What an application answers to an upload. */
export async function uploaded(fields: object, files: readonly UploadedFile[]) {
  const described = files.map(async ({ fieldname, originalname, mimetype, buffer }) => ({
    ...{ fieldname, originalname, mimetype },
    ...(await measure([buffer])),
  }));
  return { fields: { ...fields }, files: await Promise.all(described) };
}

/** The size and hash of a body, read piece by piece. */
export async function measure(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Measured> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of body) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

export interface Measured {
  readonly bytes: number;
  readonly sha256: string;
}

/** Reads an upload that will not come to its end, and notes how far it came. */
export async function receive(body: AsyncIterable<Uint8Array>, journal: Journal): Promise<void> {
  try {
    for await (const piece of body) if (piece.length > 0) journal.note('the upload has begun');
    journal.note('the upload is complete');
  } catch {
    journal.note('the upload is broken');
  }
}

/** An error without a stack, which frameworks print, and which depends on who calls them. */
export function bareError(message: string, more: object = {}): Error {
  const error = Object.assign(new Error(message), more);
  error.stack = `Error: ${message}`;
  return error;
}
