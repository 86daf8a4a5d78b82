import type { Socket } from 'node:net';
import { exchangeHttp1Bytes } from '@tp/savings';
import { buildConnector, type Dispatcher, Pool } from 'undici';
import type { Tally } from '../measure/tally.ts';
import type { System } from '../systems/system.ts';
import { checkBody } from '../systems/tp.ts';
import type { Exchange } from '../traffic/exchange.ts';
import { inRound } from './answers.ts';
import { serveHttp1 } from './http1-server.ts';

/** How undici is used. */
export interface UndiciUse {
  /** Requests under way on a connection at most. */
  readonly pipelining: number;
  readonly connections: number;
  /** `request`, which most people call, or `dispatch`, the fastest way in by its own documentation. */
  readonly way: 'request' | 'dispatch';
}

interface Prepared {
  readonly options: Dispatcher.RequestOptions;
  readonly status: number;
  readonly body: Uint8Array;
  readonly httpBytes: number;
}

type Call = (pool: Pool, prepared: Prepared) => Promise<void>;

/** undici before `node:http`: HTTP/1.1 on kept connections. */
export async function openUndici(
  exchanges: readonly Exchange[],
  { pipelining, connections, way }: UndiciUse,
): Promise<System> {
  const server = await serveHttp1(exchanges);
  const sockets = new Set<Socket>();
  const pool = new Pool(server.url, { pipelining, connections, connect: watched(sockets) });
  const take = inRound(exchanges.map(prepare));
  const call = way === 'request' ? callRequest : callDispatch;
  return {
    caller: (tally) => callUntilStopped(pool, take, call, tally),
    wireBytes: () => {
      let bytes = 0;
      for (const socket of sockets) bytes += socket.bytesRead + socket.bytesWritten;
      return bytes;
    },
    close: async () => {
      await pool.destroy();
      await server.close();
    },
  };
}

/** Connects, and keeps what was connected to count its bytes. */
export function watched(sockets: Set<Socket>): buildConnector.connector {
  const connect = buildConnector({});
  return (options, callback) =>
    connect(options, (...outcome) => {
      if (outcome[1] !== null) sockets.add(outcome[1]);
      callback(...outcome);
    });
}

/** Builds what undici needs for an exchange. */
export function prepare(exchange: Exchange): Prepared {
  const { method, path, headers, body } = exchange.request;
  return {
    options: { method, path, headers: [...headers], body },
    status: exchange.response.status,
    body: exchange.response.body,
    httpBytes: exchangeHttp1Bytes(exchange),
  };
}

async function callUntilStopped(
  pool: Pool,
  take: () => Prepared,
  call: Call,
  tally: Tally,
): Promise<void> {
  while (!tally.stopped) {
    const prepared = take();
    const started = tally.start();
    await call(pool, prepared);
    tally.end(started, prepared.httpBytes);
  }
}

/** Calls and checks the answer. @throws {Error} when it is another. */
export async function callRequest(pool: Pool, { options, status, body }: Prepared): Promise<void> {
  const answer = await pool.request(options);
  const bytes = await answer.body.bytes();
  checkStatus(answer.statusCode, status);
  checkBody(bytes, body);
}

function callDispatch(pool: Pool, { options, status, body }: Prepared): Promise<void> {
  return new Promise((resolve, reject) => {
    const pieces: Uint8Array[] = [];
    let came = 0;
    pool.dispatch(options, {
      onRequestStart: () => {},
      onResponseStart: (_controller, statusCode) => {
        came = statusCode;
      },
      onResponseData: (_controller, piece) => {
        pieces.push(piece);
      },
      onResponseEnd: () => {
        try {
          checkStatus(came, status);
          const [only] = pieces;
          const isOne = pieces.length === 1 && only !== undefined;
          checkBody(isOne ? only : Buffer.concat(pieces), body);
          resolve();
        } catch (error) {
          reject(error);
        }
      },
      onResponseError: (_controller, error) => reject(error),
    });
  });
}

/** @throws {Error} when another status came. */
export function checkStatus(came: number, due: number): void {
  if (came !== due) throw new Error(`status ${came} came, ${due} was due`);
}
