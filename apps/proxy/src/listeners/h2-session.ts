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
import { type FrontHead, type Refusal, readFrontHead } from './front-head.ts';
import { isAnswered } from './h2-answered.ts';
import { createStreamRequest } from './h2-request.ts';
import { writeStreamFailure, writeStreamRefusal, writeStreamResponse } from './h2-response.ts';
import { peerOf } from './proxied-clients.ts';

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

/** Makes what serves HTTP/2 (RFC 9113). */
export function createH2Sessions(options: H2Options): H2Sessions {
  const sessions = new Set<ServerHttp2Session>();
  let draining = false;
  return {
    serve(socket) {
      const peer = peerOf(socket);
      const session = performServerHandshake(socket, {
        settings: {
          maxConcurrentStreams: MAX_STREAMS,
          maxHeaderListSize: options.maxHeadBytes,
          enablePush: false,
        },
        // Counted here instead, so that it is told of and shows in metrics.
        streamResetBurst: 100_000,
        streamResetRate: 100_000,
      });
      sessions.add(session);
      const budget = createCancelBudget();
      session.on('error', () => session.destroy());
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
        void serveStream(stream, headers, rawHeaders, peer, options);
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
  peer: string,
  { forward, nowhere, limitHit }: H2Options,
): Promise<void> {
  const head = readStreamHead(stream, headers, rawHeaders);
  if ('code' in head) {
    nowhere.count(head.code);
    if (head.code === 'HEAD_LIMIT') limitHit('maxHeadBytes');
    writeStreamRefusal(stream, head);
    return;
  }
  const method = headers[':method'] ?? '';
  const request = createStreamRequest(stream, method, head, peer);
  try {
    const init = await forward(request, head.hasBody);
    await writeStreamResponse(stream, method, init);
  } catch (error) {
    writeStreamFailure(stream, error);
  }
}

/** The head as HTTP/1.1 has it: `:authority` is Host, and several cookies are one (RFC 9113 section 8). */
function readStreamHead(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  raw: readonly string[],
): FrontHead | Refusal {
  const authority = headers[':authority'];
  const fields: string[] = authority === undefined ? [] : ['host', authority];
  let cookie = -1;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    if (name.startsWith(':') || (name === 'host' && authority !== undefined)) continue;
    if (name === 'cookie' && cookie >= 0) {
      fields[cookie] = `${fields[cookie]}; ${value}`;
      continue;
    }
    if (name === 'cookie') cookie = fields.length + 1;
    fields.push(name, value);
  }
  const method = headers[':method'] ?? '';
  if (method === 'CONNECT') {
    return { status: 501, code: 'PROTOCOL', why: 'this is no forward proxy: there is no CONNECT' };
  }
  const target = headers[':path'];
  const head = readFrontHead({
    method,
    rawHeaders: fields,
    httpVersionMajor: 1,
    httpVersionMinor: 1,
    ...(target === undefined ? {} : { url: target }),
  });
  return 'code' in head ? head : { ...head, hasBody: !stream.endAfterHeaders };
}
