import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TrafficResponse } from '@tp/savings';
import type { Exchange } from '../traffic/exchange.ts';
import { answersOf } from './answers.ts';

/** A `node:http` server that answers exchanges. */
export interface Http1Server {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves exchanges by `node:http`: kept connections, declared lengths, no date. */
export async function serveHttp1(
  exchanges: readonly Exchange[],
  host = '127.0.0.1',
  port = 0,
): Promise<Http1Server> {
  const answerTo = answersOf(exchanges);
  const heads = new Map(exchanges.map(({ response }) => [response, headOf(response)]));
  const server = createServer({ keepAliveTimeout: 60_000, noDelay: true }, (request, response) => {
    const answer = () => {
      const due = answerTo(request.headers['x-request-id']?.toString());
      response.sendDate = false;
      if (due === undefined) response.writeHead(404, { 'content-length': 0 }).end();
      else response.writeHead(due.status, heads.get(due)).end(due.body);
    };
    if (request.method === 'GET') return answer();
    request.resume();
    request.on('end', answer);
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    url: `http://${host}:${addressOf(server).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return address;
}

/** Without a length the body would be chunked, which is slower. */
function headOf({ headers, body }: TrafficResponse): string[] {
  const hasLength = headers.some((name, i) => i % 2 === 0 && /^content-length$/i.test(name));
  return hasLength || body.length === 0
    ? [...headers]
    : [...headers, 'Content-Length', String(body.length)];
}
