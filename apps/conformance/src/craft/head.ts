import type { Piece } from './protobuf.ts';

/** A name and a value. */
export type Field = readonly [name: Piece, value: Piece];

/** A head as a record carries it: a program over the table (docs/protocol.md, section 6). */
export interface Head {
  readonly block?: number;
  readonly ops?: readonly (readonly number[])[];
  readonly text?: readonly Piece[];
  readonly keep?: number;
}

/** The slot of `:method`, which every table starts with (W-050). */
export const METHOD = 0;
/** The slot of `:path`. */
export const PATH = 1;
/** The slot of `:status`. */
export const STATUS = 2;
/** The slot of `:reason`. */
export const REASON = 3;

/** The operations of a head program without `block`. */
export const op = {
  field: (slot: number) => [4 * slot],
  value: (nameSlot: number) => [4 * nameSlot + 1],
  store: (nameSlot: number, slot: number) => [4 * nameSlot + 2, slot],
  literal: () => [3],
  name: (slot: number) => [7, slot],
  secret: (nameSlot: number) => [11, nameSlot],
  secretStore: (nameSlot: number, slot: number) => [15, nameSlot, slot],
  drop: (slot: number) => [19, slot],
};

/** The fills of a block's holes (W-057). */
export const fill = {
  field: (slot: number) => [4 * slot],
  text: () => [1],
  store: (slot: number) => [4 * slot + 2],
  blob: () => [3],
  blobStore: (slot: number) => [7, slot],
  drop: (slot: number) => [19, slot],
};

/** A request's head that leaves the table as it is. */
export function ask(method: Piece, path: Piece, fields: readonly Field[] = []): Head {
  return {
    ops: [op.value(METHOD), op.value(PATH), ...fields.map(op.literal)],
    text: [method, path, ...fields.flat()],
  };
}

/** The head of a GET. */
export function get(path: Piece, fields: readonly Field[] = []): Head {
  return ask('GET', path, fields);
}

/** The head of a POST. */
export function post(path: Piece, fields: readonly Field[] = []): Head {
  return ask('POST', path, fields);
}

/** A response's head that leaves the table as it is. */
export function status(code: number | string, fields: readonly Field[] = [], reason = ''): Head {
  const reasons = reason === '' ? [] : [reason];
  return {
    ops: [op.value(STATUS), ...reasons.map(() => op.value(REASON)), ...fields.map(op.literal)],
    text: [String(code), ...reasons, ...fields.flat()],
  };
}

/** Trailers that leave the table as it is. */
export function fieldsOnly(fields: readonly Field[]): Head {
  return { ops: fields.map(op.literal), text: fields.flat() };
}
