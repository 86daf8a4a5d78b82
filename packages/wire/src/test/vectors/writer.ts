import { crc32 } from 'node:zlib';
import { concat, field, varint } from '../hex.ts';
import { bytesOf } from '../records.ts';

/*
 * A writer of wire.proto for vectors, as plain as can be: field numbers stand where they are used,
 * nothing is checked, and it shares no line with the encoder. What it is not given it leaves out.
 */

/** A field of an integer. `width` writes the integer longer than needed. */
export function integer(number: number, value: number, width = 0): Uint8Array {
  return concat(varint(number * 8), varint(value, width));
}

/** A field of bytes, text or a message. */
export function bytes(number: number, ...content: readonly Uint8Array[]): Uint8Array {
  return field(number * 8 + 2, ...content);
}

/** A field of text, one byte a character. */
export function text(number: number, value: string): Uint8Array {
  return bytes(number, bytesOf(value));
}

/** A field of four bytes, lowest first. */
export function fixed32(number: number, value: number): Uint8Array {
  const four = Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
  return concat(varint(number * 8 + 5), four);
}

/** A head program as it stands in a record. */
export interface Program {
  readonly block?: number;
  readonly ops?: readonly number[];
  readonly text?: readonly string[];
  readonly keep?: number;
}

/** What a request or response has beside its head. */
export interface Message extends Program {
  readonly id?: number;
  readonly body?: string;
  readonly more?: boolean;
  readonly bodyBlob?: boolean;
  readonly timeoutMs?: number;
  readonly oneWay?: boolean;
}

export interface WindowStart {
  readonly codec?: number;
  readonly log?: number;
}

export interface EnvelopeParts {
  readonly plain?: Uint8Array;
  readonly packed?: Uint8Array;
  /** What `packed` unpacks to: gives `unpacked_size` and `crc`. */
  readonly unpacked?: Uint8Array;
  /** Default: what `unpacked` has. */
  readonly unpackedSize?: number;
  /** Default: the right one. */
  readonly crc?: number | 'none';
  readonly window?: WindowStart;
  readonly windowId?: number;
  /** Further fields. */
  readonly extra?: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** The fields of a head, with its id first. */
function headFields({ id, block, ops, text: texts, keep }: Message): Uint8Array {
  return concat(
    id === undefined ? NOTHING : integer(1, id),
    block === undefined ? NOTHING : integer(2, block),
    ops === undefined ? NOTHING : bytes(3, ...ops.map((op) => varint(op))),
    ...(texts ?? []).map((one) => text(4, one)),
    keep === undefined ? NOTHING : integer(5, keep),
  );
}

function messageFields(message: Message): Uint8Array {
  const { body, more, bodyBlob, timeoutMs, oneWay } = message;
  return concat(
    headFields(message),
    body === undefined ? NOTHING : text(6, body),
    more === undefined ? NOTHING : integer(7, more ? 1 : 0),
    bodyBlob === undefined ? NOTHING : integer(8, bodyBlob ? 1 : 0),
    timeoutMs === undefined ? NOTHING : integer(9, timeoutMs),
    oneWay === undefined ? NOTHING : integer(10, oneWay ? 1 : 0),
  );
}

/** A record whose kind has that number. */
export function record(kind: number, ...content: readonly Uint8Array[]): Uint8Array {
  return bytes(1, bytes(kind, ...content));
}

export function request(message: Message): Uint8Array {
  return record(1, messageFields(message));
}

export function response(message: Message): Uint8Array {
  return record(2, messageFields(message));
}

export function data(id: number, piece: string, end = false): Uint8Array {
  return record(3, integer(1, id), text(2, piece), end ? integer(3, 1) : NOTHING);
}

export function trailers(id: number, program: Program): Uint8Array {
  return record(4, headFields({ id, ...program }));
}

export function credit(id: number, amount: number): Uint8Array {
  return record(5, id === 0 ? NOTHING : integer(1, id), integer(2, amount));
}

export function cancel(id: number, code: number, processed: number, message = ''): Uint8Array {
  return record(
    6,
    integer(1, id),
    code === 0 ? NOTHING : integer(2, code),
    processed === 0 ? NOTHING : integer(3, processed),
    message === '' ? NOTHING : bytes(4, Uint8Array.from(Buffer.from(message, 'utf8'))),
  );
}

export function ping(token: number): Uint8Array {
  return record(7, integer(1, token));
}

export function pong(token: number): Uint8Array {
  return record(8, integer(1, token));
}

export function goaway(lastId: number, code: number, final: boolean, message = ''): Uint8Array {
  return record(
    9,
    lastId === 0 ? NOTHING : integer(1, lastId),
    code === 0 ? NOTHING : integer(2, code),
    message === '' ? NOTHING : bytes(3, Uint8Array.from(Buffer.from(message, 'utf8'))),
    final ? integer(4, 1) : NOTHING,
  );
}

export function hello(...fields: readonly Uint8Array[]): Uint8Array {
  return record(10, ...fields);
}

export function blob(value: string): Uint8Array {
  return record(11, bytesOf(value));
}

/** An offer of a codec, as a field of a hello. */
export function offer(codec: number, log?: number): Uint8Array {
  return bytes(2, integer(1, codec), log === undefined ? NOTHING : integer(2, log));
}

/** The limits of a hello, by field number. */
export function limits(...values: readonly (readonly [number: number, value: number])[]) {
  return bytes(3, ...values.map(([number, value]) => integer(number, value)));
}

/** The length and content of an envelope. */
export function envelope(parts: EnvelopeParts): Uint8Array {
  const { plain, packed, unpacked, window, windowId, extra } = parts;
  const size = parts.unpackedSize ?? unpacked?.length ?? 0;
  const crc = parts.crc ?? crc32(concat(plain ?? NOTHING, unpacked ?? NOTHING));
  const content = concat(
    plain === undefined ? NOTHING : bytes(1, plain),
    packed === undefined ? NOTHING : bytes(2, packed),
    size === 0 ? NOTHING : integer(3, size),
    crc === 'none' ? NOTHING : fixed32(4, crc),
    window === undefined ? NOTHING : windowStart(window),
    windowId === undefined ? NOTHING : integer(6, windowId),
    extra ?? NOTHING,
  );
  return concat(varint(content.length), content);
}

/** An envelope with all of these records in `plain`. */
export function plain(...records: readonly Uint8Array[]): Uint8Array {
  return envelope({ plain: concat(...records) });
}

function windowStart({ codec, log }: WindowStart): Uint8Array {
  return bytes(
    5,
    codec === undefined ? NOTHING : integer(1, codec),
    log === undefined ? NOTHING : integer(2, log),
  );
}
