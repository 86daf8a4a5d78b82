import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { ListenerConfig } from '../config/config.ts';
import type { Forward } from '../forward.ts';
import { type Meters, NO_UPSTREAM } from '../meters.ts';
import { trackConnections } from './front-connections.ts';
import { type FrontHead, type Refusal, readFrontHead } from './front-head.ts';
import { createFrontRequest } from './front-request.ts';
import { writeResponse, writeText } from './front-response.ts';
import { asksToSwitch, serveUpgrade } from './front-upgrade.ts';
import { takeH2 } from './h2-preface.ts';
import { createH2Sessions } from './h2-session.ts';
import type { Listener } from './listener.ts';
import { loopTurn } from './loop-turn.ts';
import { answerFailure, endWith, ownFields } from './own-answers.ts';
import { admitProxied } from './proxied-clients.ts';
import { NO_CONNECT, NO_EXPECTATION } from './refusals.ts';
import { type SpeakOptions, speakHttp } from './speak-http.ts';

/** The bounds of an HTTP listener, and where its requests go. */
export interface HttpListenerOptions extends SpeakOptions {
  /** The address of its door as a URL. */
  readonly address: string;
  /** As configured, and the label in metrics. */
  readonly name: string;
  readonly forward: Forward;
  readonly meters: Meters;
  /** Most connections now; further ones are closed unanswered. */
  readonly maxConnections: () => number;
  /** How long clients have to hear that this is the end, in ms, before idle connections are closed. */
  readonly farewellMs: number;
  /** Applies another configuration to the server; false when another listener has to take over. */
  readonly update: (server: Server, config: ListenerConfig) => boolean;
  /** Whether a connection may stay, by the client's address; undefined for a unix socket. */
  readonly admits: (address: string | undefined) => boolean;
  /** Whether a connection from this address begins with a header of the PROXY protocol. */
  readonly expectsHeader: (address: string | undefined) => boolean;
}

/** Only before Node 24.9; later, such a request is passed on as one that asks for nothing. */
const NO_BODY: Refusal = {
  status: 501,
  code: 'PROTOCOL',
  why: 'a request that asks for another protocol has no body here',
};

/** In so many steps the time passes that clients have: where this process cannot run, it stands still. */
const FAREWELL_STEPS = 10;

/** Makes what serves HTTP. */
export function serveHttp(options: HttpListenerOptions): Listener {
  const { name, forward, meters } = options;
  const nowhere = meters.route(name, NO_UPSTREAM);
  const isTls = options.tls !== undefined;
  const server = speakHttp(
    options,
    // What waits for its turn behind another response of its connection can't have that to itself.
    (incoming) => asksToSwitch(incoming) && !connections.isBusy(incoming.socket),
  );
  const h2 = createH2Sessions({
    forward,
    nowhere,
    limitHit: (limit) => meters.limitHit(limit),
    maxHeadBytes: options.maxHeadBytes,
  });
  if (options.http2 === true) {
    const timedOut = (): void => meters.limitHit('headersTimeout');
    takeH2(server, h2.serve, () => server.headersTimeout, timedOut);
  }
  const proxied = admitProxied(server, {
    expects: options.expectsHeader,
    admits: options.admits,
    limitHit: (limit) => meters.limitHit(limit),
  });
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    if (options.tls === undefined || options.tls.admits(socket)) return;
    meters.limitHit('clientNames');
    socket.destroy();
  });
  const connections = trackConnections(server, isTls ? 'secureConnection' : 'connection');
  let draining = false;
  /** Connections on which nothing further is a request: where a refused one ends is not sure. */
  const refused = new WeakSet<Duplex>();

  const refuse = (response: ServerResponse, { status, code, why }: Refusal): void => {
    nowhere.count(code);
    if (code === 'HEAD_LIMIT') meters.limitHit('maxHeadBytes');
    refused.add(response.req.socket);
    const text = `${status} ${code}: ${why}\n`;
    writeText(response, status, ownFields(text), text, true);
  };

  const serve = async (
    incoming: IncomingMessage,
    response: ServerResponse,
    head: FrontHead,
    expectsContinue: boolean,
  ): Promise<void> => {
    const socket = incoming.socket;
    const request = createFrontRequest(incoming, response, head, expectsContinue);
    connections.begin(socket, request);
    try {
      const init = await forward(request, head.hasBody);
      const written = writeResponse(response, request, init, draining || refused.has(socket));
      if (written !== undefined) await written;
    } catch (error) {
      answerFailure(response, request, error, draining || refused.has(socket));
    }
    if (refused.has(socket)) endBehind(response, socket);
    if (incoming.complete || !request.bodyCaredFor) connections.done(socket, request);
    else incoming.once('end', () => connections.done(socket, request));
  };

  const onRequest = (expectsContinue: boolean) => {
    return (incoming: IncomingMessage, response: ServerResponse): void => {
      if (refused.has(incoming.socket)) {
        incoming.resume();
        return;
      }
      const head = readFrontHead(incoming);
      if ('code' in head) refuse(response, head);
      else void serve(incoming, response, head, expectsContinue);
    };
  };

  server.on('request', onRequest(false));
  server.on('checkContinue', onRequest(true));
  server.on('checkExpectation', (_incoming: IncomingMessage, response: ServerResponse) => {
    refuse(response, NO_EXPECTATION);
  });
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, early: Buffer) => {
    const head = readFrontHead(incoming);
    const refusal = 'code' in head ? head : head.hasBody ? NO_BODY : undefined;
    if (refused.has(socket)) return;
    if (connections.isBusy(socket)) socket.destroy();
    else if (refusal !== undefined || 'code' in head) {
      nowhere.count((refusal ?? NO_BODY).code);
      socket.on('error', () => {});
      endWith(socket, refusal ?? NO_BODY);
    } else void serveUpgrade({ incoming, head, early, connections, forward });
  });
  server.on('connect', (_incoming: IncomingMessage, socket: Duplex) => {
    nowhere.count('PROTOCOL');
    endWith(socket, NO_CONNECT);
  });
  server.on('clientError', (error: Error, socket: Duplex) => {
    if (!socket.writable || socket.writableEnded) return;
    if (refused.has(socket)) {
      if (!connections.isBusy(socket)) endWithout(socket);
      return;
    }
    const refusal = clientError(error);
    if (refusal !== undefined && connections.only(socket)?.complete === true) {
      // What is wrong stands behind a request, whose answer is on its way: that is the last one.
      nowhere.count(refusal.code);
      refused.add(socket);
      return;
    }
    if (refusal === undefined || !connections.mayInterrupt(socket)) {
      socket.destroy();
      return;
    }
    nowhere.count(refusal.code);
    if (refusal.status === 431) meters.limitHit('maxHeadBytes');
    if (refusal.status === 408) meters.limitHit('headersTimeout');
    endWith(socket, refusal);
  });

  const closeIdle = (): void => {
    proxied.closeWaiting();
    server.closeIdleConnections();
    connections.closeUnused();
  };

  return {
    address: options.address,
    take: (socket) => {
      connections.came(socket);
      server.emit('connection', socket);
    },
    // Under TLS, it is the other socket that ends with its client.
    allowsHalfOpen: !isTls,
    get maxConnections() {
      return options.maxConnections();
    },
    dropped: () => meters.limitHit('maxFrontConnections'),
    figures: () => ({
      httpBytesIn: connections.bytesIn,
      httpBytesOut: connections.bytesOut,
      peers: [],
      queueBytes: 0,
      links: [],
      limitHits: new Map(),
    }),
    update: (config) => options.update(server, config),
    drain: async (noMore, end) => {
      draining = true;
      await noMore;
      // Not before: who is turned away here must not come back to a door that is about to close.
      h2.drain();
      let steps = 0;
      const farewell = async (): Promise<void> => {
        steps += 1;
        if (steps < FAREWELL_STEPS) return;
        // What waits in the sockets is read first: it may be a request.
        await loopTurn();
        await loopTurn();
        // Again and again, as some began their last response when nobody knew that it was the last.
        closeIdle();
      };
      const step =
        end === 'next' ? undefined : setInterval(farewell, options.farewellMs / FAREWELL_STEPS);
      await connections.ended();
      clearInterval(step);
      server.close();
    },
    destroy: () => {
      proxied.closeWaiting();
      connections.destroy();
    },
  };
}

/** Closes a connection once what was written is out. */
function endWithout(socket: Duplex): void {
  socket.end(() => socket.destroy());
}

/** Closes a connection once a response is out. */
function endBehind(response: ServerResponse, socket: Socket): void {
  if (response.writableFinished) socket.destroySoon();
  else response.once('finish', () => socket.destroySoon());
}

function clientError(error: Error): Refusal | undefined {
  const code = 'code' in error ? error.code : undefined;
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, code: 'HEAD_LIMIT', why: 'the head of the request is too large' };
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return { status: 413, code: 'BODY_LIMIT', why: 'the chunk extensions are too large' };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, code: 'TIMEOUT', why: 'the head of the request took too long' };
    default:
      return typeof code === 'string' && code.startsWith('HPE_')
        ? { status: 400, code: 'PROTOCOL', why: 'this is not HTTP/1.1' }
        : undefined;
  }
}
