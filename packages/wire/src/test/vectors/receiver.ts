import {
  BatchDecoder,
  DEFAULT_LIMITS,
  EnvelopeDecoder,
  isTpError,
  isWindowLog,
  matchPreface,
  PREFACE,
  portableBytes,
  type WireLimits,
} from '../../index.ts';
import { Collector, type Said as Heard, latin1 } from '../records.ts';
import type { Field, Offer, Said, Step, Vector } from './vector.ts';

/** What has come of a step. */
export interface Outcome {
  readonly records: readonly Said[];
  readonly glitches: number;
  /** The code that ends the link. */
  readonly error?: string;
}

/**
 * One direction of a link as this package reads it, through its public door: preface, envelopes,
 * batches. It takes what `packed` unpacks to from the vector.
 */
export class Receiver {
  readonly #sink = new Collector();
  readonly #envelopes: EnvelopeDecoder;
  readonly #batches: BatchDecoder;
  #prefaceSeen: number;

  constructor({ opening, receiver = {} }: Pick<Vector, 'opening' | 'receiver'>) {
    const limits = limitsOf(receiver);
    this.#envelopes = new EnvelopeDecoder(limits);
    this.#batches = new BatchDecoder(portableBytes, limits, this.#sink);
    this.#prefaceSeen = opening === true ? 0 : PREFACE.length;
    if (opening !== true) this.#envelopes.opened();
  }

  /** Takes a step's bytes, in chunks of at most that size. */
  take(step: Pick<Step, 'bytes' | 'unpacked'>, chunk: number): Outcome {
    const { bytes, unpacked } = step;
    const glitchesBefore = this.#sink.glitches;
    let error: string | undefined;
    try {
      for (let at = 0; at < bytes.length; at += chunk) {
        this.#push(bytes.slice(at, at + chunk), unpacked);
      }
    } catch (thrown) {
      if (!isTpError(thrown)) throw thrown;
      error = thrown.code;
    }
    return {
      records: this.#sink.said.splice(0).map(recordOf),
      glitches: this.#sink.glitches - glitchesBefore,
      ...(error === undefined ? {} : { error }),
    };
  }

  #push(chunk: Uint8Array, unpacked: Uint8Array | undefined): void {
    const seen = this.#prefaceSeen;
    if (seen < PREFACE.length && matchPreface(chunk, seen) === 'mismatch') throw new NoPreface();
    const taken = Math.min(chunk.length, PREFACE.length - seen);
    this.#prefaceSeen += taken;
    for (const { plain, packed } of this.#envelopes.push(chunk.subarray(taken))) {
      this.#batches.decode(plain, packed === undefined ? undefined : unpacked);
      this.#envelopes.opened();
    }
  }
}

/** What has come is no preface; the rule names no code. */
class NoPreface extends Error {
  override readonly name = 'TpError';
  readonly code = 'none';
  readonly processed = 'no';
}

function limitsOf(said: Exclude<Vector['receiver'], undefined>): WireLimits {
  const known = DEFAULT_LIMITS;
  return {
    batchPacked: said.batch_packed ?? known.batchPacked,
    batchUnpacked: said.batch_unpacked ?? known.batchUnpacked,
    tableBytes: said.table_bytes ?? known.tableBytes,
    streams: said.streams ?? known.streams,
    streamWindow: said.stream_window ?? known.streamWindow,
    linkWindow: said.link_window ?? known.linkWindow,
    headBytes: said.head_bytes ?? known.headBytes,
    fields: said.fields ?? known.fields,
    windows: said.windows ?? known.windows,
  };
}

/** A record as this package hands it out, in the notation of vectors. */
function recordOf(heard: Heard): Said {
  switch (heard.kind) {
    case 'request': {
      const { id, method, path, more, timeoutMs, oneWay } = heard;
      const head: Field[] = [[':method', method], [':path', path], ...pairs(heard.fields)];
      const timeout = timeoutMs === 0 ? {} : { timeout_ms: timeoutMs };
      const way = oneWay ? { one_way: oneWay } : {};
      return { kind: 'request', id, head, ...bodyOf(heard.body, more), ...timeout, ...way };
    }
    case 'response': {
      const { id, status, reason, body, more } = heard;
      const head: Field[] = [[':status', String(status)]];
      if (reason !== '') head.push([':reason', reason]);
      head.push(...pairs(heard.fields));
      return { kind: 'response', id, head, ...bodyOf(body, more) };
    }
    case 'data': {
      const { id, body, last } = heard;
      return { kind: 'data', id, bytes: body, ...(last ? { end: true } : {}) };
    }
    case 'trailers':
      return { kind: 'trailers', id: heard.id, head: pairs(heard.fields) };
    case 'flawed':
      return {
        kind: 'error',
        scope: 'stream',
        id: heard.id,
        code: heard.code,
        ...(heard.of === 'one-way' ? { one_way: true } : {}),
      };
    case 'cancel': {
      const { id, code, processed, message } = heard;
      const shown = ({ maybe: 'MAYBE', no: 'NO', yes: 'YES' } as const)[processed];
      return { kind: 'cancel', id, code, processed: shown, ...messageOf(message) };
    }
    case 'goaway': {
      const { lastId, code, final, message } = heard;
      const end = final ? { final } : {};
      return { kind: 'goaway', last_id: lastId, code, ...end, ...messageOf(message) };
    }
    case 'hello':
      return helloOf(heard);
    default:
      return heard;
  }
}

function helloOf({ hello }: Extract<Heard, { kind: 'hello' }>): Said {
  const { version, features, checksum, agent, token, limits } = hello;
  const codecs: Offer[] = [];
  for (const { codec, windowLog } of hello.codecs) {
    if (codec === 'none' || !isWindowLog(codec, windowLog)) continue;
    codecs.push({ codec: codec === 'zstd' ? 'ZSTD' : 'DEFLATE', window_log: windowLog });
  }
  return {
    kind: 'hello',
    version,
    codecs,
    features,
    checksum,
    agent,
    token: latin1(token),
    limits: {
      batch_packed: limits.batchPacked,
      batch_unpacked: limits.batchUnpacked,
      table_bytes: limits.tableBytes,
      streams: limits.streams,
      stream_window: limits.streamWindow,
      link_window: limits.linkWindow,
      head_bytes: limits.headBytes,
      fields: limits.fields,
      windows: limits.windows,
    },
  };
}

function bodyOf(body: string, more: boolean): { body?: string; more?: true } {
  return { ...(body === '' ? {} : { body }), ...(more ? { more } : {}) };
}

function messageOf(message: string): { message?: string } {
  return message === '' ? {} : { message };
}

function pairs(raw: readonly string[]): Field[] {
  const fields: Field[] = [];
  for (let i = 0; i < raw.length; i += 2) fields.push([raw[i] ?? '', raw[i + 1] ?? '']);
  return fields;
}
