import { once } from 'node:events';
import http from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { boundTo, start } from '../test/chain.ts';
import { hasWholeResponse, rawClient } from '../test/raw-client.ts';
import { rawOrigin } from '../test/raw-origin.ts';
import { SMUGGLING_SHAPES } from '../test/smuggling-shapes.ts';
import { strictRequests } from '../test/strict-requests.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const MARKER = 'GET /marker### HTTP/1.1\r\nHost: a\r\n\r\n';

/** An origin, and the requests that it saw to their end: target and body. */
interface Seen {
  readonly address: string;
  requests(): Promise<(readonly [target: string, body: string])[]>;
}

/** Reads with a parser of the test's own, and answers what is complete. */
async function strictOrigin(): Promise<Seen> {
  const answered = new Map<number, number>();
  const origin = await rawOrigin((socket, received, turn) => {
    const complete = strictRequests(received).requests.length;
    for (let i = answered.get(turn) ?? 0; i < complete; i++) socket.write(OK);
    answered.set(turn, complete);
  });
  return {
    address: origin.address,
    requests: async () => {
      const seen: (readonly [string, string])[] = [];
      for (const [turn, text] of origin.received.entries()) {
        const { requests, rest } = strictRequests(text);
        for (const { target, body } of requests) seen.push([target, body]);
        // What is not whole must be the last of its connection.
        if (rest !== '') await origin.closed(turn);
      }
      return seen;
    },
  };
}

async function nodeOrigin(): Promise<Seen> {
  const seen: (readonly [string, string])[] = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('latin1');
    request.on('data', (piece) => {
      body += piece;
    });
    request.on('end', () => {
      seen.push([request.url ?? '', body]);
      response.end('ok');
    });
    request.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return { address: `http://127.0.0.1:${port}`, requests: async () => seen };
}

/** Sends a shape and a request behind it; resolves with what came, when both are answered or it was closed. */
async function send(address: string, bytes: string): Promise<{ text: string; isClosed: boolean }> {
  const client = await rawClient(address);
  client.write(bytes);
  const both = client.got((text) => {
    const second = text.indexOf('HTTP/1.1 ', 9);
    return second > 0 && hasWholeResponse(text.slice(second));
  });
  await Promise.race([both.catch(() => undefined), client.closed()]);
  const { received, ending } = client;
  client.destroy();
  return { text: received, isClosed: ending !== undefined };
}

describe('bytes in which two readers could see different requests', () => {
  it('come in more than 200 shapes, each once', () => {
    const shapes = SMUGGLING_SHAPES.map(({ bytes }) => bytes);
    expect(new Set(shapes).size).toBe(shapes.length);
    expect(shapes.length).toBeGreaterThanOrEqual(200);
  });

  it.each([
    ['a strict origin', strictOrigin],
    ['an origin of Node', nodeOrigin],
  ])('are refused, or exactly one request to %s', async (_name, startOrigin) => {
    const origin = await startOrigin();
    const proxy = await start(['--in', 'http://127.0.0.1:0', '--out', origin.address]);
    const numbered = SMUGGLING_SHAPES.map((shape, i) => ({ ...shape, number: `${i + 100}` }));
    const answers = await Promise.all(
      numbered.map(({ bytes, number }) =>
        send(boundTo(proxy), `${bytes}${MARKER}`.replaceAll('###', number)),
      ),
    );
    const seen = await origin.requests();
    const problems = numbered.flatMap(({ name, passes, isLast = false, number }, i) => {
      const { text = '', isClosed = false } = answers[i] ?? {};
      const own = seen.filter(([target]) => target.endsWith(number)).toSorted();
      const shape = [`/shape${number}`, passes?.replaceAll('###', number)];
      const marker = [`/marker${number}`, ''];
      const expected = passes === undefined ? [] : isLast ? [shape] : [marker, shape];
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d)\d\d /g)]
        .map(([, digit]) => digit)
        .join('');
      const isRight =
        passes === undefined
          ? isClosed && /^[45]?$/.test(statuses)
          : isLast
            ? isClosed && statuses === '2'
            : statuses === '22';
      return isRight && JSON.stringify(own) === JSON.stringify(expected)
        ? []
        : [{ name, own, text, isClosed }];
    });
    expect(problems).toEqual([]);
  });

  it.each([
    'nonsense\r\n\r\n',
    'GET /smuggled HTTP/1.1\nHost: a\n\n',
    'POST /smuggled HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n',
    'GET /smuggled HTTP/1.1\r\n\r\n',
  ])('leave the request before them its own answer, then end the connection: %j', async (bytes) => {
    const origin = await rawOrigin((socket) => setImmediate(() => socket.write(OK)));
    const proxy = await start(['--in', 'http://127.0.0.1:0', '--out', origin.address]);
    const client = await rawClient(boundTo(proxy));
    client.write(`GET /first HTTP/1.1\r\nHost: a\r\n\r\n${bytes}${MARKER}`);
    const text = await client.closed();
    expect(text).toMatch(
      /^HTTP\/1\.1 200 OK\r\ncontent-length: 2\r\n(?:Connection: close\r\n)?\r\nok/,
    );
    expect(text.slice(text.indexOf('ok') + 2)).toMatch(/^$|^HTTP\/1\.1 [45]/);
    expect(origin.received).toEqual(['GET /first HTTP/1.1\r\nHost: a\r\n\r\n']);
  });
});
