import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { isTpError, TpError } from '@tp/wire';
import { errorAnswer } from '../error-answer.ts';
import type { Forward } from '../forward.ts';
import { formatFieldLines } from '../h1/field-lines.ts';
import { type Meters, NO_UPSTREAM } from '../meters.ts';
import { type BindOptions, bindHttp } from './bind-http.ts';
import { trackConnections } from './front-connections.ts';
import { type FrontHead, type Refusal, readFrontHead } from './front-head.ts';
import { createFrontRequest, type FrontRequest } from './front-request.ts';
import { breakOff, writeResponse, writeText } from './front-response.ts';
import type { Listener } from './listener.ts';

/** Where an HTTP listener listens, its bounds, and where its requests go. */
export interface HttpListenerOptions extends BindOptions {
  /** As configured, and the label in metrics. */
  readonly name: string;
  readonly forward: Forward;
  readonly meters: Meters;
}

const NO_CONNECT: Refusal = {
  status: 501,
  code: 'PROTOCOL',
  why: 'this is no forward proxy: there is no CONNECT',
};

/** Starts to listen for HTTP/1.1. */
export async function listenHttp(options: HttpListenerOptions): Promise<Listener> {
  const { name, forward, meters } = options;
  const nowhere = meters.route(name, NO_UPSTREAM);
  const { server, connectionEvent, listen } = bindHttp(options);
  const connections = trackConnections(server, connectionEvent);
  let draining = false;

  const refuse = (response: ServerResponse, { status, code, why }: Refusal): void => {
    nowhere.count(code);
    if (code === 'HEAD_LIMIT') meters.limitHit('maxHeadBytes');
    const text = `${status} ${code}: ${why}\n`;
    writeText(response, status, ownFields(status, text), text, true);
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
      const written = writeResponse(response, request, init, draining);
      if (written !== undefined) await written;
    } catch (error) {
      fail(response, request, error, draining);
    }
    if (incoming.complete || !request.bodyCaredFor) connections.done(socket, request);
    else incoming.once('end', () => connections.done(socket, request));
  };

  const onRequest = (expectsContinue: boolean) => {
    return (incoming: IncomingMessage, response: ServerResponse): void => {
      const head = readFrontHead(incoming);
      if ('code' in head) refuse(response, head);
      else void serve(incoming, response, head, expectsContinue);
    };
  };

  server.on('request', onRequest(false));
  server.on('checkContinue', onRequest(true));
  server.on('connect', (_incoming: IncomingMessage, socket: Duplex) => {
    nowhere.count('PROTOCOL');
    endWith(socket, NO_CONNECT);
  });
  server.on('clientError', (error: Error, socket: Duplex) => {
    if (!socket.writable || socket.writableEnded) return;
    const refusal = clientError(error);
    if (refusal === undefined || !connections.mayInterrupt(socket)) {
      socket.destroy();
      return;
    }
    nowhere.count(refusal.code);
    if (refusal.status === 431) meters.limitHit('maxHeadBytes');
    if (refusal.status === 408) meters.limitHit('headersTimeout');
    endWith(socket, refusal);
  });
  server.on('drop', () => meters.limitHit('maxFrontConnections'));

  return {
    address: await listen(),
    figures: () => ({
      httpBytesIn: connections.bytesIn,
      httpBytesOut: connections.bytesOut,
      peers: [],
      queueBytes: 0,
      links: [],
      limitHits: new Map(),
    }),
    drain: () => {
      draining = true;
      connections.closeUnused();
      return new Promise((resolve) => server.close(() => resolve()));
    },
    destroy: () => server.closeAllConnections(),
  };
}

function fail(
  response: ServerResponse,
  request: FrontRequest,
  error: unknown,
  lastOfConnection: boolean,
): void {
  const known = isTpError(error)
    ? error
    : new TpError({ code: 'INTERNAL', message: 'the proxy failed', cause: error });
  if (response.headersSent) {
    breakOff(response);
  } else if (known.code === 'CANCEL' || response.destroyed) {
    response.destroy();
  } else {
    const { status, text } = errorAnswer(known);
    const cutOff = lastOfConnection || !request.bodyCaredFor || request.owesContinue;
    writeText(response, status, ownFields(status, text), text, cutOff);
  }
}

/** Answers where Node made no response object, and ends the connection. */
function endWith(socket: Duplex, { status, code, why }: Refusal): void {
  const text = `${status} ${code}: ${why}\n`;
  const lines = formatFieldLines([...ownFields(status, text), 'Connection', 'close']);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines}\r\n${text}`, () => {
    socket.destroy();
  });
}

function ownFields(status: number, text: string): string[] {
  const fields = ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', `${text.length}`];
  if (status === 503) fields.push('Retry-After', '1');
  return fields;
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
