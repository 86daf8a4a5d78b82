import {
  type BatchEncoder,
  type ErrorCode,
  type Fields,
  MAX_CREDIT,
  TpError,
  type WireLimits,
} from '@tp/wire';
import { BodyReader, type BodyReaderOwner } from '../body/body-reader.ts';
import { BodyWriter, type BodyWriterOwner } from '../body/body-writer.ts';
import { BodyFlight, type Flight } from '../body/flight.ts';
import { ReceiveWindow } from '../body/receive-window.ts';
import type { SendBuffer } from '../body/send-buffer.ts';
import type { Clock } from '../clock.ts';
import type { LinkLimits } from '../limits.ts';
import type { RoundTrip } from '../link/round-trip.ts';
import { RateLimit } from '../rate-limit.ts';
import type { Tenant } from '../window/tenants.ts';
import type { Timed } from './deadlines.ts';

/** Data below this size counts as small, in bytes. */
const SMALL_DATA = 256;

/** A body that is read from its source while it is sent. */
export interface OutgoingStream {
  readonly source: AsyncIterable<Uint8Array>;
  /** Asked for once the source has ended. */
  readonly trailers?: (() => Fields) | undefined;
  /**
   * The request asks for another protocol (W-129): the source is read once a response has come with
   * status 101, and never after any other.
   */
  readonly awaitsSwitch?: boolean;
}

/** Whether a response's head is the final one: 101 is, other informational ones are not (W-033). */
export function isFinal(status: number): boolean {
  return status >= 200 || status === SWITCHED;
}

/** Status of a response behind which both sides speak another protocol. */
export const SWITCHED = 101;

/** What an exchange asks of the link that carries it. */
export interface ExchangeLink {
  readonly options: { readonly limits: LinkLimits; readonly clock: Clock };
  readonly peerLimits: WireLimits;
  readonly counters: { hit(limit: string): void };
  readonly roundTrip: RoundTrip;
  readonly flight: Flight;
  readonly sendBuffer: SendBuffer;
  /** When the bytes that are being read came. */
  readonly receivedAt: number;
  /** The credit that the link's streams share. */
  readonly linkCredit: {
    /** Bytes of data were consumed or dropped: the link may grant them again. */
    giveBack(bytes: number, now: number): void;
  };
  /** The time limits of streamed bodies. */
  readonly stalls: {
    /** The exchange has a body that comes or goes piece by piece. */
    watch(): void;
  };
  /** The way out. */
  readonly sender: {
    /** Puts a record of control in line. */
    control(write: (encoder: BatchEncoder) => void): void;
    /** The exchange's body has something to send. */
    writable(exchange: Exchange): void;
    /** The stream has credit to give back. */
    grant(exchange: Exchange): void;
  };
}

/**
 * One request and its response, as one side sees it: a stream of the link. It is also what the user
 * gets to read the other side's message from, so that a call costs one object; what only streamed
 * bodies need is made when one comes. `ClientCall` and `ServerExchange` share the functions below
 * and no class: V8 does not inline the constructor of a derived one, which cost a call a tenth of
 * its time.
 */
export interface Exchange extends BodyReaderOwner, BodyWriterOwner, Timed {
  /** 0 until the request has been written. */
  readonly id: number;
  /** The link that carries it; undefined before it was given to one. */
  readonly link: ExchangeLink | undefined;
  /** Fields after the body that comes; undefined until they have come, or when there are none. */
  trailers: Fields | undefined;
  /** Whose window what we send goes through; undefined: the shared one. */
  readonly tenant: Tenant | undefined;
  /** Whether the body that we send stays out of the window, as it is compressed already (W-076). */
  readonly detached: boolean;
  /** The body that comes piece by piece, if any. */
  reader: BodyReader | undefined;
  /** The body that we send piece by piece, if any. */
  writer: BodyWriter | undefined;
  /** Credit that came before there was a body to send, in bytes (W-047). */
  earlyCredit: number;
  /** Whether both sides speak another protocol now, which has no end that HTTP could judge (W-130). */
  readonly switched: boolean;
  /** Bytes of the body that goes with the head. */
  readonly pendingBytes: number;
  /** Writes the head, unless there is no sense in it any more. Called by the link when its turn has come. */
  writeHead(encoder: BatchEncoder): void;
  /** Whether the peer owes us a body that our user waits for. */
  readonly isBodyDue: boolean;
  /** The peer has ended the exchange, or the link is gone. */
  fail(error: TpError): void;
  /** A time limit has passed: ends the exchange, and tells the peer. */
  stall(error: TpError): void;
  /** One direction has come to its end; when both have, the link forgets the exchange. */
  settled(): void;
}

/** The peer's body will come piece by piece. */
export function startReader(exchange: Exchange, link: ExchangeLink): void {
  const { streamWindow, streamWindowMax, maxBufferedBodyBytes } = link.options.limits;
  const window = new ReceiveWindow(streamWindow, streamWindowMax, link.roundTrip);
  exchange.reader = new BodyReader(exchange, window, maxBufferedBodyBytes);
  link.stalls.watch();
}

/** Starts to send a body from its source. */
export function startWriter(exchange: Exchange, stream: OutgoingStream, link: ExchangeLink): void {
  const credit = link.peerLimits.streamWindow + exchange.earlyCredit;
  exchange.writer = new BodyWriter(
    exchange,
    stream.source,
    stream.trailers,
    new BodyFlight(link.flight, credit),
    link.sendBuffer,
  );
  link.stalls.watch();
}

/** Whether the peer's body is to come in pieces, and has not all come. */
export function isReceiving(exchange: Exchange): boolean {
  return exchange.reader !== undefined && !exchange.reader.complete;
}

/** A piece of the peer's body has come. The error, if any, is one of the stream. */
export function takeData(
  exchange: Exchange,
  bytes: Uint8Array,
  start: number,
  end: number,
  last: boolean,
): TpError | undefined {
  const { reader } = exchange;
  const length = end - start;
  const refuse = (code: ErrorCode, message: string): TpError => {
    exchange.consumed(length);
    return new TpError({ code, message });
  };
  if (reader === undefined || reader.complete)
    return refuse('PROTOCOL', 'data came for a body that has ended (W-032)');
  if (length > reader.window.left)
    return refuse('FLOW_CONTROL', 'more data came than the stream has credit for (W-043)');
  const { link } = exchange;
  if (link === undefined) return undefined;
  const max = link.options.limits.maxBodyBytes;
  if (reader.received + length > max && !exchange.switched)
    return refuse(
      'BODY_LIMIT',
      `a body is longer than ${max} bytes; raise maxBodyBytes if it may be`,
    );
  if (length < SMALL_DATA && !last && !maySendSmall(reader, link))
    return refuse('ENHANCE_YOUR_CALM', 'a body comes in too many pieces of a few bytes');
  reader.window.spend(length, link.receivedAt);
  if (reader.ended) exchange.consumed(length);
  else if (length > 0) reader.push(bytes, start, end);
  if (last) {
    reader.finish();
    exchange.settled();
  }
  return undefined;
}

/** Whether another small piece may come: they cost more than their bytes, packed ones most of all. */
function maySendSmall(reader: BodyReader, link: ExchangeLink): boolean {
  const { limits, clock } = link.options;
  reader.small ??= new RateLimit(clock, limits.smallDataBurst, limits.smallDataRate);
  if (reader.small.take()) return true;
  link.counters.hit('smallDataRate');
  return false;
}

/** The peer grants the stream more credit. The error, if any, is one of the stream. */
export function takeCredit(
  exchange: Exchange,
  bytes: number,
  link: ExchangeLink,
): TpError | undefined {
  const { writer } = exchange;
  if (writer === undefined) exchange.earlyCredit += bytes;
  else writer.flight.credited(bytes, link.receivedAt);
  const credit = writer?.flight.credit ?? link.peerLimits.streamWindow + exchange.earlyCredit;
  if (credit > MAX_CREDIT)
    return new TpError({ code: 'FLOW_CONTROL', message: "a stream's credit overflows (W-043)" });
  link.sender.writable(exchange);
  return undefined;
}

/** Trailers have come, and end the body. The error, if any, is one of the stream. */
export function takeTrailers(exchange: Exchange, fields: Fields): TpError | undefined {
  const { reader } = exchange;
  if (reader === undefined || reader.complete) {
    return new TpError({
      code: 'PROTOCOL',
      message: 'trailers came for a body that has ended (W-032)',
    });
  }
  exchange.trailers = fields;
  reader.finish();
  exchange.settled();
  return undefined;
}

/** Bytes of the peer's body were consumed or dropped: the link and the stream may grant them again. */
export function giveCredit(exchange: Exchange, bytes: number): void {
  const { link, reader } = exchange;
  if (link === undefined) return;
  const now = link.options.clock.now();
  const lent = reader === undefined ? 0 : Math.min(reader.lent, bytes);
  if (reader !== undefined && lent > 0) reader.lent -= lent;
  link.linkCredit.giveBack(bytes - lent, now);
  if (reader === undefined || reader.ended) return;
  if (reader.window.give(bytes, reader.held, now)) link.sender.grant(exchange);
}

/** Tells a source that is never read that nothing is wanted of it. */
export async function stopSource(source: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    await source[Symbol.asyncIterator]().return?.();
  } catch {
    // The source ends either way, and nobody waits for it.
  }
}
