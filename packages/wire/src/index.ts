export { BatchDecoder } from './batch-decoder.ts';
export { BatchEncoder, type BatchEncoderOptions, FRONT } from './batch-encoder.ts';
export { largestBatch } from './batch-room.ts';
export { type ByteOps, portableBytes } from './bytes.ts';
export type { Envelope, WindowStart } from './envelope.ts';
export { EnvelopeDecoder } from './envelope-decoder.ts';
export { encodeEnvelope, sealPlain } from './envelope-encoder.ts';
export { type ErrorCode, isTpError, type Processed, TpError, type TpErrorInit } from './errors.ts';
export { Fields, type FieldsInit } from './fields.ts';
export type { Flaw } from './flaw.ts';
export { RequestHead, ResponseHead } from './head.ts';

export { type CodecName, type CodecOffer, type Hello, isWindowLog } from './hello.ts';
export { isFieldValue, isTarget, isToken } from './legal.ts';
export {
  DEFAULT_LIMITS,
  LEAST_BATCH,
  MAX_CREDIT,
  MAX_DATA,
  MAX_ID,
  MAX_INLINE_BODY,
  MAX_WINDOWS,
  type WireLimits,
} from './limits.ts';
export { ALPN, matchPreface, PREFACE } from './preface.ts';
export type { FlawedKind, RecordSink } from './record-sink.ts';
