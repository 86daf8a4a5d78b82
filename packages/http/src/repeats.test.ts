import { setImmediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type Client,
  type ClientOptions,
  createClient,
  createServer,
  isTpError,
  type Processed,
  type Request,
  type RequestOptions,
  TpError,
} from './index.ts';

/** A server that fails each path's first request as said, and answers the next; and a client of it. */
async function failingOnce(
  processed: Processed,
  options: ClientOptions = {},
): Promise<{ client: Client; seen: string[] }> {
  const seen: string[] = [];
  const server = createServer(({ method, path }) => {
    seen.push(method);
    if (seen.length === 1) throw new TpError({ code: 'UPSTREAM', message: 'broke off', processed });
    return { body: path };
  });
  onTestFinished(() => server.close());
  const client = createClient(await server.listen('teleport://127.0.0.1:0'), options);
  onTestFinished(() => client.close());
  return { client, seen };
}

async function outcome(client: Client, request: Partial<RequestOptions>): Promise<string> {
  try {
    const { status } = await client.request({ path: '/', ...request });
    return `${status}`;
  } catch (error) {
    return isTpError(error) ? `${error.code} ${error.processed}` : String(error);
  }
}

describe('a request that may have been processed', () => {
  test.each(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])(
    '%s is sent again (RFC 9110 section 9.2.2)',
    async (method) => {
      const { client, seen } = await failingOnce('maybe');
      expect(await outcome(client, { method })).toBe('200');
      expect(seen).toEqual([method, method]);
    },
  );

  test.each(['POST', 'PATCH', 'CONNECT', 'get', 'PURGE'])('%s is not', async (method) => {
    const { client, seen } = await failingOnce('maybe');
    expect(await outcome(client, { method })).toBe('UPSTREAM maybe');
    expect(seen).toEqual([method]);
  });

  test('`idempotent: true` lets a POST with a key be sent again, false forbids it for a GET', async () => {
    const keyed = await failingOnce('maybe');
    const post = { method: 'POST', headers: { 'idempotency-key': '7' }, body: 'order' };
    expect(await outcome(keyed.client, { ...post, idempotent: true })).toBe('200');
    expect(keyed.seen).toEqual(['POST', 'POST']);
    const forbidden = await failingOnce('maybe');
    expect(await outcome(forbidden.client, { idempotent: false })).toBe('UPSTREAM maybe');
    expect(forbidden.seen).toEqual(['GET']);
  });

  test('a streamed body is not sent twice', async () => {
    const { client, seen } = await failingOnce('maybe');
    const body = Buffer.alloc(100_000);
    expect(await outcome(client, { method: 'PUT', body })).toBe('UPSTREAM maybe');
    expect(seen).toEqual(['PUT']);
  });

  test('without a budget it fails with its own error, and is counted', async () => {
    const limits = { retryPercent: 0, retryRate: 0 };
    const { client, seen } = await failingOnce('maybe', { limits });
    expect(await outcome(client, {})).toBe('UPSTREAM maybe');
    expect(seen).toEqual(['GET']);
    expect(client.stats().limitHits.get('retryBudget')).toBe(1);
  });
});

test.each(['POST', 'GET'])('%s that was surely not processed is sent again', async (method) => {
  const { client, seen } = await failingOnce('no');
  expect(await outcome(client, { method, body: 'order' })).toBe('200');
  expect(seen).toEqual([method, method]);
});

test.each(['POST', 'GET'])('%s that was processed is not', async (method) => {
  const { client, seen } = await failingOnce('yes');
  expect(await outcome(client, { method, body: 'order' })).toBe('UPSTREAM yes');
  expect(seen).toEqual([method]);
});

test('hedgeAfterMs: the second link answers while the first is silent', async () => {
  const seen: Request[] = [];
  await using server = createServer((request) => {
    seen.push(request);
    return seen.length === 1
      ? new Promise((_resolve, reject) =>
          request.signal.addEventListener('abort', () => reject(request.signal.reason)),
        )
      : { body: 'second' };
  });
  const address = await server.listen('teleport://127.0.0.1:0');
  await using client = createClient(address, { links: 2, hedgeAfterMs: 1 });
  await client.ready();
  const response = await client.request({ path: '/' });
  expect(await response.text()).toBe('second');
  while (seen[0]?.signal.aborted !== true) await setImmediate();
  expect(client.stats().hedges).toBe(1);
});

describe('send()', () => {
  test('hands over a request, and nothing comes back', async () => {
    const seen: Request[] = [];
    const bodies: unknown[] = [];
    await using server = createServer(async (request) => {
      seen.push(request);
      bodies.push(await request.text());
      throw new Error('nobody hears of this but the server');
    }, QUIET);
    await using client = createClient(await server.listen('teleport://127.0.0.1:0'));
    const headers = { 'content-type': 'text/plain' };
    expect(await client.send({ path: '/log', headers, body: 'a line' })).toBeUndefined();
    await client.send({ method: 'PUT', path: '/gauge' });
    while (bodies.length < 2) await setImmediate();
    expect(seen.map(({ method, path, oneWay }) => [method, path, oneWay])).toEqual([
      ['POST', '/log', true],
      ['PUT', '/gauge', true],
    ]);
    expect(bodies).toEqual(['a line', '']);
    expect(client.pending).toBe(0);
  });

  test('a request that is asked for is none', async () => {
    const seen: unknown[] = [];
    await using server = createServer(({ oneWay }) => {
      seen.push(oneWay);
      return {};
    });
    await using client = createClient(await server.listen('teleport://127.0.0.1:0'));
    await client.request({ path: '/' });
    expect(seen).toEqual([false]);
  });

  test('what cannot be sent fails as "no": a body too long, a length that is wrong, a closed client', async () => {
    const client = createClient('teleport://127.0.0.1:1');
    const fails = async (options: Parameters<Client['send']>[0]) =>
      client.send(options).then(
        () => 'sent',
        ({ code, processed }) => `${code} ${processed}`,
      );
    expect(await fails({ path: '/', body: Buffer.alloc(65_537) })).toBe('INVALID_ARGUMENT no');
    const headers = { 'content-length': '2' };
    expect(await fails({ path: '/', headers, body: 'abc' })).toBe('INVALID_ARGUMENT no');
    await client.close();
    expect(await fails({ path: '/' })).toBe('CLOSED no');
  });
});

const QUIET = { onError: () => {} };
