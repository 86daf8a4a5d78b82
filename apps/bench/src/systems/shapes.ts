import { request as httpRequest } from 'node:http';
import {
  type Client,
  createAgent,
  createClient,
  createDispatcher,
  createFetch,
  createServer,
  Fields,
  fromFetch,
  fromListener,
  type Handler,
} from '@tp/http';
import { exchangeHttp1Bytes } from '@tp/savings';
import { request as undiciRequest } from 'undici';
import type { Shape } from '../measure/case.ts';
import type { Tally } from '../measure/tally.ts';
import { GET_EXCHANGE } from '../traffic/get.ts';
import type { System } from './system.ts';

/** An answer as its client got it. */
interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
}

const { request, response } = GET_EXCHANGE;
const HEADERS = new Fields(request.headers);
const ASKED = Object.fromEntries(HEADERS);
const ANSWER = new Fields(response.headers);
const ANSWERED = Object.fromEntries(ANSWER);
const TEXT = String(response.body);
/** Requests go over the client whatever it says. */
const URL_ASKED = `http://${HEADERS.get('host') ?? ''}${request.path}`;
const HTTP_BYTES = exchangeHttp1Bytes(GET_EXCHANGE);

/**
 * The small call as people write it: one end in the given shape, the other lean, one link. The
 * request and the response are made anew for each call, as programs in these shapes do.
 */
export async function openShape(shape: Shape): Promise<System> {
  const server = createServer(handlerOf(shape), {
    codecs: ['none'],
    // Both ends share a core here, and the slowest shape needs most of the usual 100 ms for a round of calls.
    limits: { maxHandlerWaitMs: 10_000 },
  });
  const client = createClient(await server.listen('teleport://127.0.0.1:0'), { codecs: ['none'] });
  await client.ready();
  const call = callOf(shape, client);
  return {
    caller: (tally) => callUntilStopped(call, tally),
    wireBytes: () => undefined,
    close: async () => {
      await client.close();
      await server.close();
    },
  };
}

function handlerOf(shape: Shape): Handler {
  if (shape === 'from-fetch') return fromFetch(() => new Response(TEXT, { headers: ANSWERED }));
  if (shape === 'from-listener') {
    return fromListener((_req, res) => res.writeHead(response.status, ANSWERED).end(TEXT));
  }
  return () => ({ headers: ANSWER, body: response.body });
}

function callOf(shape: Shape, client: Client): () => Promise<Answer> {
  if (shape === 'fetch') {
    const fetch = createFetch(client);
    return async () => {
      const answer = await fetch(URL_ASKED, { headers: ASKED });
      return { status: answer.status, body: await answer.bytes() };
    };
  }
  if (shape === 'dispatcher') {
    const dispatcher = createDispatcher(client);
    return async () => {
      const { statusCode, body } = await undiciRequest(URL_ASKED, { dispatcher, headers: ASKED });
      return { status: statusCode, body: new Uint8Array(await body.arrayBuffer()) };
    };
  }
  if (shape === 'agent') {
    const agent = createAgent(client);
    return () =>
      new Promise((resolve, reject) => {
        const out = httpRequest(URL_ASKED, { agent, headers: ASKED }, (incoming) => {
          const pieces: Buffer[] = [];
          incoming.on('data', (piece: Buffer) => pieces.push(piece));
          incoming.on('error', reject);
          incoming.on('end', () =>
            resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(pieces) }),
          );
        });
        out.on('error', reject);
        out.end();
      });
  }
  return async () => {
    const answer = await client.request({ path: request.path, headers: HEADERS });
    return { status: answer.status, body: await answer.bytes() };
  };
}

async function callUntilStopped(call: () => Promise<Answer>, tally: Tally): Promise<void> {
  while (!tally.stopped) {
    const started = tally.start();
    const { status, body } = await call();
    if (status !== response.status || Buffer.compare(body, response.body) !== 0) {
      throw new Error(`status ${status} and ${body.length} bytes came that were not due`);
    }
    tally.end(started, HTTP_BYTES);
  }
}
