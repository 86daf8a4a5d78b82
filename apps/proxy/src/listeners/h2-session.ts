import {
  constants,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { Forward } from '../forward.ts';
import type { Route } from '../meters.ts';
import { createCancelBudget } from './cancel-budget.ts';
import { isAnswered } from './h2-answered.ts';
import { MAX_PAIRS, readStreamHead } from './h2-head.ts';
import { type Connection, createStreamRequest } from './h2-request.ts';
import { writeStreamFailure, writeStreamRefusal, writeStreamResponse } from './h2-response.ts';
import { openWebsocket } from './h2-websocket.ts';
import { connectionIdOf, peerOf } from './proxied-clients.ts';

/** What HTTP/2 connections of a listener need. */
export interface H2Options {
  readonly forward: Forward;
  /** Counts what reached no upstream. */
  readonly nowhere: Route;
  readonly limitHit: (limit: string) => void;
  readonly maxHeadBytes: number;
}

/** The HTTP/2 connections of a listener. */
export interface H2Sessions {
  /** Speaks HTTP/2 on a connection whose first bytes are unread. */
  serve(socket: Socket): void;
  /** Announces the end (GOAWAY) and closes each connection after its streams. */
  drain(): void;
}

/** Requests at once on one connection, as its settings say. */
const MAX_STREAMS = 250;
const IDLE_MS = 60_000;
/** What a field counts for beside its name and value (RFC 9113 section 6.5.2). */
const PAIR_BYTES = 32;

/** Makes what serves HTTP/2 (RFC 9113). */
export function createH2Sessions(options: H2Options): H2Sessions {
  const sessions = new Set<ServerHttp2Session>();
  let draining = false;
  return {
    serve(socket) {
      const connection = { id: connectionIdOf(socket), peer: peerOf(socket) };
      // A client that ends its side is gone: there is nothing left that it could end.
      socket.allowHalfOpen = false;
      const session = performServerHandshake(socket, {
        settings: {
          maxConcurrentStreams: MAX_STREAMS,
          // Its stream is reset past this: what is a little too large is answered and counted.
          maxHeaderListSize: 2 * options.maxHeadBytes + MAX_PAIRS * PAIR_BYTES,
          enablePush: false,
          enableConnectProtocol: true,
        },
        maxHeaderListPairs: MAX_PAIRS,
        // An origin may repeat what should be there once: it is passed on as it is.
        strictSingleValueFields: false,
        // Counted here instead, so that it is told of and shows in metrics.
        streamResetBurst: 100_000,
        streamResetRate: 100_000,
      });
      sessions.add(session);
      const budget = createCancelBudget();
      session.on('error', (error) => {
        if (isClientsFault(error)) options.nowhere.count('PROTOCOL');
        session.destroy();
      });
      session.once('close', () => sessions.delete(session));
      session.setTimeout(IDLE_MS, () => session.close());
      session.on('stream', (stream, headers, _flags, rawHeaders) => {
        stream.on('error', () => undefined);
        stream.once('close', () => {
          // By what was sent, not by its code: a client may reset with any.
          if (isAnswered(stream)) budget.completed();
          else if (!budget.cancelled() && !session.destroyed) {
            options.limitHit('cancelBurst');
            session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
          }
        });
        void serveStream(stream, headers, rawHeaders, connection, options);
      });
      if (draining) session.close();
    },
    drain() {
      draining = true;
      for (const session of sessions) session.close();
    },
  };
}

async function serveStream(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
  connection: Connection,
  { forward, nowhere, limitHit, maxHeadBytes }: H2Options,
): Promise<void> {
  const head = readStreamHead(stream, headers, rawHeaders, maxHeadBytes);
  if ('code' in head) {
    nowhere.count(head.code);
    if (head.code === 'HEAD_LIMIT') limitHit('maxHeadBytes');
    writeStreamRefusal(stream, head);
    return;
  }
  const request = createStreamRequest(stream, head, connection);
  const { websocketKey } = head;
  try {
    const init = await forward(request, head.hasBody);
    if (websocketKey !== undefined && openWebsocket(stream, websocketKey, init)) return;
    await writeStreamResponse(stream, request, init);
  } catch (error) {
    writeStreamFailure(stream, error);
  }
}

/** Whether the frames of a connection were wrong; other codes tell of the socket, or of what a client says. */
function isClientsFault(error: Error): boolean {
  const code = 'code' in error ? error.code : undefined;
  return code === 'ERR_HTTP2_ERROR' || code === 'ERR_HTTP2_TOO_MANY_INVALID_FRAMES';
}
