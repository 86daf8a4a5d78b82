/*
 * An origin for the tests beside it, to be run as a process of its own. Prints its address. What
 * each path does stands in `ANSWERS`.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';

type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** Ids of requests to `/id/…` that arrived here. */
const seen: string[] = [];
let held: ServerResponse[] = [];

const ANSWERS: Readonly<Record<string, Answer>> = {
  /** Tells of the request as it arrived. */
  echo: async (request, response) => {
    const { method, url, rawHeaders } = request;
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const piece of request) {
      hash.update(piece);
      bytes += piece.length;
    }
    const { rawTrailers } = request;
    response.end(
      JSON.stringify({ method, url, rawHeaders, rawTrailers, bytes, sha256: hash.digest('hex') }),
    );
  },
  /** As `echo`, its answer in two chunks, with fields in odd cases and twice. */
  chunked: async (request, response) => {
    for await (const _piece of request);
    response.writeHead(200, 'Quite Fine', [
      ...['X-Odd-CASE', 'a', 'Set-Cookie', 'a=1; Path=/', 'x-odd-case', 'b', 'set-cookie', 'b=2'],
      ...['content-type', 'text/plain', 'X-Empty', ''],
    ]);
    response.write(`${request.method} first,`);
    await new Promise((resolve) => setImmediate(resolve));
    response.end(' second');
  },
  none: (request, response) => {
    request.resume();
    response.writeHead(204, ['X-Why', 'nothing to say']).end();
  },
  /** Answers when somebody asks for `release`. */
  hold: (_request, response) => void held.push(response),
  held: (_request, response) => void response.end(`${held.length}`),
  release: (_request, response) => {
    for (const one of held) one.end('released');
    held = [];
    response.end();
  },
  id: (request, response) => {
    const id = request.url?.split('/')[2] ?? '';
    seen.push(id);
    response.end(`answer to ${id}`);
  },
  seen: (_request, response) => void response.end(JSON.stringify(seen)),
};

const server = http.createServer((request, response) => {
  const answer = ANSWERS[request.url?.split(/[/?]/)[1] ?? ''];
  if (answer !== undefined) void answer(request, response);
  else response.writeHead(404).end('no such path');
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const bound = server.address();
process.stdout.write(
  `http://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}\n`,
);
