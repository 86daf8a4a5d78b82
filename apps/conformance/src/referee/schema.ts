/** What a field of the schema holds. */
export type FieldType = 'uint' | 'bytes' | 'fixed32' | 'uints';

/** The messages of packages/wire/proto/tp/v1/wire.proto, as the referee reads them, by their names. */
export const SCHEMA = {
  Envelope: schema('bytes', 'bytes', 'uint', 'fixed32', 'bytes', 'uint'),
  WindowStart: schema('uint', 'uint'),
  Batch: schema('bytes'),
  Record: schema(...new Array<FieldType>(11).fill('bytes')),
  Request: schema(
    ...([
      'uint',
      'uint',
      'uints',
      'bytes',
      'uint',
      'bytes',
      'uint',
      'uint',
      'uint',
      'uint',
    ] as const),
  ),
  Response: schema('uint', 'uint', 'uints', 'bytes', 'uint', 'bytes', 'uint', 'uint'),
  Data: schema('uint', 'bytes', 'uint', 'uint'),
  Trailers: schema('uint', 'uint', 'uints', 'bytes', 'uint'),
  Credit: schema('uint', 'uint'),
  Cancel: schema('uint', 'uint', 'uint', 'bytes'),
  Ping: schema('uint'),
  Pong: schema('uint'),
  Goaway: schema('uint', 'uint', 'bytes', 'uint'),
  Hello: schema('uint', 'bytes', 'bytes', 'uints', 'uint', 'bytes', 'bytes'),
  CodecOffer: schema('uint', 'uint'),
  Limits: schema(...new Array<FieldType>(9).fill('uint')),
};

/** The name of a message. */
export type MessageName = keyof typeof SCHEMA;

/** Types of the fields 1, 2, … */
function schema(...types: readonly FieldType[]): ReadonlyMap<number, FieldType> {
  return new Map(types.map((type, index) => [index + 1, type]));
}
