import { CODES, type Code, PROCESSED, type Processed } from '../codes.ts';
import type { Head } from './head.ts';
import { bytes, concat, type Piece, uint, varint } from './protobuf.ts';

/** What the referee must know of a record that the kit says, to judge what comes back. */
export type Note =
  | {
      readonly kind: 'request';
      readonly id: number;
      readonly more: boolean;
      readonly oneWay?: boolean;
    }
  | {
      readonly kind: 'response';
      readonly id: number;
      readonly more: boolean;
      readonly final: boolean;
    }
  | { readonly kind: 'data'; readonly id: number; readonly length: number; readonly end: boolean }
  | { readonly kind: 'trailers'; readonly id: number }
  | { readonly kind: 'credit'; readonly id: number; readonly bytes: number }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'ping'; readonly token: number }
  | { readonly kind: 'goaway'; readonly lastId: number; readonly final: boolean };

/** A record that is about to be said. */
export interface Crafted {
  /** The content of message Record. */
  readonly bytes: Uint8Array;
  readonly note: Note | undefined;
}

/** What a request or response has beside its head. `extra` is put behind everything else. */
export interface Rest {
  /** Default 0: one more than before. */
  readonly id?: number;
  readonly body?: Piece;
  readonly more?: boolean;
  readonly bodyBlob?: boolean;
  /** Requests only. */
  readonly timeoutMs?: number;
  /** Requests only. */
  readonly oneWay?: boolean;
  readonly extra?: Uint8Array;
}

/** A record of any bytes, of which the referee learns nothing. */
export function record(number: number, ...pieces: readonly Piece[]): Crafted {
  return { bytes: bytes(number, ...pieces), note: undefined };
}

/** A request (section 7). */
export function request(head: Head, rest: Rest = {}): Crafted {
  const { id = 0, more = false, oneWay = false } = rest;
  const note = { kind: 'request', id, more, oneWay: oneWay && !more } as const;
  return { bytes: bytes(1, message(head, rest)), note };
}

/**
 * A response (section 7).
 *
 * @param final false for an informational one, so that the referee awaits another.
 */
export function response(head: Head, rest: Rest = {}, final = true): Crafted {
  const { id = 0, more = false } = rest;
  return { bytes: bytes(2, message(head, rest)), note: { kind: 'response', id, more, final } };
}

/** A piece of a body (W-041). */
export function data(id: number, piece: Piece, end = false): Crafted {
  const note = { kind: 'data', id, length: piece.length, end } as const;
  return { bytes: bytes(3, some(1, id), text(2, piece), flag(3, end)), note };
}

/** Data whose bytes are the next blob, of which the envelope must bring `length` bytes. */
export function blobData(id: number, length: number, end = false): Crafted {
  const note = { kind: 'data', id, length, end } as const;
  return { bytes: bytes(3, some(1, id), flag(3, end), flag(4, true)), note };
}

/** The end of a body, with fields (W-049). */
export function trailers(id: number, head: Head): Crafted {
  return { bytes: bytes(4, some(1, id), program(head)), note: { kind: 'trailers', id } };
}

/**
 * Credit for the peer's data (W-042).
 *
 * @param id 0: the link's.
 */
export function credit(id: number, count: number): Crafted {
  const note = { kind: 'credit', id, bytes: count } as const;
  return { bytes: bytes(5, some(1, id), some(2, count)), note };
}

/** The end of a stream (W-091). */
export function cancel(id: number, code: Code = 'CANCEL', processed: Processed = 'MAYBE'): Crafted {
  const said = concat(
    some(1, id),
    some(2, CODES.indexOf(code)),
    some(3, PROCESSED.indexOf(processed)),
  );
  return { bytes: bytes(6, said), note: { kind: 'cancel', id } };
}

/** A question for a sign of life (W-093). */
export function ping(token: number): Crafted {
  return { bytes: bytes(7, some(1, token)), note: { kind: 'ping', token } };
}

/** The answer to a ping with that token. */
export function pong(token: number): Crafted {
  return record(8, some(1, token));
}

/**
 * The end of the link, announced or final.
 *
 * @param final step two (W-101).
 */
export function goaway(lastId: number, final: boolean, code: Code = 'NO_ERROR'): Crafted {
  const said = concat(some(1, lastId), some(2, CODES.indexOf(code)), flag(4, final));
  return { bytes: bytes(9, said), note: { kind: 'goaway', lastId, final } };
}

/** Bytes for the record behind it that asks for them (W-064). */
export function blob(piece: Piece): Crafted {
  return record(11, piece);
}

/** The bytes of message Batch. */
export function batch(records: readonly Crafted[]): Uint8Array {
  return concat(...records.map((one) => bytes(1, one.bytes)));
}

/** The fields of a head: `block`, `ops`, `text`, `keep`. */
export function program(head: Head): Uint8Array {
  const ops = (head.ops ?? []).flat();
  return concat(
    some(2, head.block ?? 0),
    ops.length === 0 ? '' : bytes(3, Buffer.concat(ops.map((one) => varint(one)))),
    ...(head.text ?? []).map((piece) => bytes(4, piece)),
    some(5, head.keep ?? 0),
  );
}

function message(head: Head, rest: Rest): Uint8Array {
  return concat(
    some(1, rest.id ?? 0),
    program(head),
    text(6, rest.body ?? ''),
    flag(7, rest.more ?? false),
    flag(8, rest.bodyBlob ?? false),
    some(9, rest.timeoutMs ?? 0),
    flag(10, rest.oneWay ?? false),
    rest.extra ?? '',
  );
}

function some(number: number, value: number): Piece {
  return value === 0 ? '' : uint(number, value);
}

function text(number: number, piece: Piece): Piece {
  return piece.length === 0 ? '' : bytes(number, piece);
}

function flag(number: number, value: boolean): Piece {
  return some(number, value ? 1 : 0);
}
