/*
 * Field numbers and wire types of `proto/tp/v1/wire.proto`, as the bytes that they make. A tag is
 * `number << 3 | wire type`; all of ours fit one byte.
 */
export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

export const ENVELOPE_PLAIN = 0x0a;
export const ENVELOPE_PACKED = 0x12;
export const ENVELOPE_UNPACKED_SIZE = 0x18;
export const ENVELOPE_CRC = 0x25;
export const ENVELOPE_WINDOW = 0x2a;
export const ENVELOPE_WINDOW_ID = 0x30;

export const BATCH_RECORD = 0x0a;

export const REQUEST = 0x0a;
export const RESPONSE = 0x12;
export const DATA = 0x1a;
export const TRAILERS = 0x22;
export const CREDIT = 0x2a;
export const CANCEL = 0x32;
export const PING = 0x3a;
export const PONG = 0x42;
export const GOAWAY = 0x4a;
export const HELLO = 0x52;
export const BLOB = 0x5a;

export const HEAD_ID = 0x08;
export const HEAD_BLOCK = 0x10;
export const HEAD_OPS = 0x1a;
export const HEAD_OP_UNPACKED = 0x18;
export const HEAD_TEXT = 0x22;
export const HEAD_KEEP = 0x28;
export const HEAD_BODY = 0x32;
export const HEAD_MORE = 0x38;
export const HEAD_BODY_BLOB = 0x40;
export const REQUEST_TIMEOUT = 0x48;
export const REQUEST_ONE_WAY = 0x50;

export const DATA_BYTES = 0x12;
export const DATA_END = 0x18;
export const DATA_BLOB = 0x20;

export const CREDIT_BYTES = 0x10;

export const CANCEL_CODE = 0x10;
export const CANCEL_PROCESSED = 0x18;
export const CANCEL_MESSAGE = 0x22;

export const GOAWAY_CODE = 0x10;
export const GOAWAY_MESSAGE = 0x1a;
export const GOAWAY_FINAL = 0x20;

/** Operations of head programs (docs/protocol.md, section 6): the lowest two bits of an integer. */
export const OP_FIELD = 0;
export const OP_VALUE = 1;
export const OP_STORE = 2;
/** The operations whose lowest bits are 3, as whole integers. */
export const OP_LITERAL = 3;
export const OP_NAME = 7;
export const OP_SECRET = 11;
export const OP_SECRET_STORE = 15;
export const OP_DROP = 19;
/** Fills of a block's holes that have no argument. */
export const FILL_TEXT = 1;
export const FILL_BLOB = 3;
export const FILL_BLOB_STORE = 7;

export const FIRST_SLOT = 4;
export const PSEUDO_NAMES: readonly string[] = [':method', ':path', ':status', ':reason'];
