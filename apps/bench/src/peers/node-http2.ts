import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { exchangeHttp1Bytes, type TrafficRequest, type TrafficResponse } from '@tp/savings';
import type { Tally } from '../measure/tally.ts';
import type { System } from '../systems/system.ts';
import { checkBody } from '../systems/tp.ts';
import type { Exchange } from '../traffic/exchange.ts';
import { answersOf, inRound } from './answers.ts';
import { checkStatus } from './undici.ts';

/** Windows and streams that nothing waits for, and memory for them. */
const SETTINGS = { maxConcurrentStreams: 10_000, initialWindowSize: 1 << 20, enablePush: false };
const OPTIONS = { settings: SETTINGS, maxSessionMemory: 256 };
const CONNECTION_WINDOW = 1 << 24;
/** No date, as tp's server says none: an option that Node has and its types do not. */
const BEGUN = { endStream: false, sendDate: false };
const WHOLE = { endStream: true, sendDate: false };

interface Prepared {
  readonly headers: OutgoingHttpHeaders;
  readonly requestBody: Uint8Array | null;
  readonly status: number;
  readonly body: Uint8Array;
  readonly httpBytes: number;
}

/** A server and one session to it, in clear text, and the bytes on its socket. */
export interface Http2Link {
  /** Calls and checks the answer. @throws {Error} when it is another. */
  call(prepared: Prepared): Promise<void>;
  /** Bytes on the client's socket so far, each way. */
  bytes(): { readonly request: number; readonly response: number };
  close(): Promise<void>;
}

/** `node:http2` at both ends, all calls as streams of one session. */
export async function openNodeHttp2(exchanges: readonly Exchange[]): Promise<System> {
  const link = await openHttp2Link(exchanges);
  const take = inRound(exchanges.map(prepareHttp2));
  return {
    caller: (tally) => callUntilStopped(link, take, tally),
    wireBytes: () => {
      const { request, response } = link.bytes();
      return request + response;
    },
    close: () => link.close(),
  };
}

/** Opens a link that answers exchanges. */
export async function openHttp2Link(exchanges: readonly Exchange[]): Promise<Http2Link> {
  const answerTo = answersOf(exchanges);
  const heads = new Map(exchanges.map(({ response }) => [response, answerHeaders(response)]));
  const server = createServer(OPTIONS);
  server.on('session', (session) => session.setLocalWindowSize(CONNECTION_WINDOW));
  server.on('stream', (stream, headers) => {
    const answer = () => {
      const due = answerTo(headers['x-request-id']?.toString());
      respond(stream, due, due === undefined ? undefined : heads.get(due));
    };
    if (headers[':method'] === 'GET') return answer();
    stream.resume();
    stream.on('end', answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const socket = connectSocket(port, '127.0.0.1');
  const session = connect(`http://127.0.0.1:${port}`, {
    ...OPTIONS,
    createConnection: () => socket,
  });
  await once(session, 'remoteSettings');
  session.setLocalWindowSize(CONNECTION_WINDOW);
  return {
    call: (prepared) => call(session, prepared),
    bytes: () => ({ request: socket.bytesWritten, response: socket.bytesRead }),
    close: async () => {
      session.destroy();
      server.close();
    },
  };
}

/** Builds what a session needs for an exchange. */
export function prepareHttp2(exchange: Exchange): Prepared {
  return {
    headers: requestHeaders(exchange.request),
    requestBody: exchange.request.body,
    status: exchange.response.status,
    body: exchange.response.body,
    httpBytes: exchangeHttp1Bytes(exchange),
  };
}

async function callUntilStopped(
  link: Http2Link,
  take: () => Prepared,
  tally: Tally,
): Promise<void> {
  while (!tally.stopped) {
    const prepared = take();
    const started = tally.start();
    await link.call(prepared);
    tally.end(started, prepared.httpBytes);
  }
}

function call(
  session: ClientHttp2Session,
  { headers, requestBody, status, body }: Prepared,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers, { endStream: requestBody === null });
    const pieces: Buffer[] = [];
    let came = 0;
    stream.on('response', (answer: IncomingHttpHeaders & { ':status'?: number }) => {
      came = answer[':status'] ?? 0;
    });
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('error', reject);
    stream.on('end', () => {
      try {
        checkStatus(came, status);
        const [only] = pieces;
        checkBody(pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces), body);
        resolve();
      } catch (error) {
        reject(error);
      }
    });
    if (requestBody !== null) stream.end(requestBody);
  });
}

function respond(
  stream: ServerHttp2Stream,
  due: TrafficResponse | undefined,
  headers: OutgoingHttpHeaders | undefined,
): void {
  if (due === undefined || headers === undefined) {
    stream.respond({ ':status': 404 }, { endStream: true });
    return;
  }
  if (due.body.length === 0) {
    stream.respond(headers, WHOLE);
    return;
  }
  stream.respond(headers, BEGUN);
  stream.end(due.body);
}

function requestHeaders({ method, path, headers }: TrafficRequest): OutgoingHttpHeaders {
  const all: OutgoingHttpHeaders = { ':method': method, ':path': path, ':scheme': 'http' };
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] ?? '').toLowerCase();
    all[name === 'host' ? ':authority' : name] = headers[i + 1];
  }
  return all;
}

function answerHeaders({ status, headers }: TrafficResponse): OutgoingHttpHeaders {
  const all: OutgoingHttpHeaders = { ':status': status };
  for (let i = 0; i < headers.length; i += 2)
    all[(headers[i] ?? '').toLowerCase()] = headers[i + 1];
  return all;
}
