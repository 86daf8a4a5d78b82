import { isTpError, TpError } from '@tp/wire';
import { describe, expect, test } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import { content, pieces } from '../test/content.ts';
import { drain, get, OK, pool, post, serve } from '../test/ends.ts';
import { eventually } from '../test/eventually.ts';
import { failure, outcome } from '../test/failure.ts';
import { acceptOpen, scriptedServer } from '../test/scripted-peer.ts';
import { watchProcess } from '../test/victim.ts';

watchProcess();

/** Answers when the body has come, whole or not. */
function reading(outcomes: string[]): (exchange: ServerExchange) => void {
  return (exchange) => {
    void drain(exchange.body).then(
      (length) => exchange.respond(OK, Buffer.from(`${length}`), undefined),
      (error) => outcomes.push(`${error.code} ${error.processed}`),
    );
  };
}

/** Iterables that fail in each way that there is. */
const broken: [string, () => AsyncIterable<Uint8Array>][] = [
  [
    'throws in the middle',
    async function* () {
      yield content(100);
      throw new Error('disk gone');
    },
  ],
  [
    'cannot be opened, like a stream that is locked',
    () => ({
      [Symbol.asyncIterator]() {
        throw new Error('disk gone');
      },
    }),
  ],
  [
    'throws from next() itself',
    () => ({
      [Symbol.asyncIterator]: () => ({
        next() {
          throw new Error('disk gone');
        },
      }),
    }),
  ],
  [
    'throws from return() as well',
    () => ({
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(new Error('disk gone')),
        return() {
          throw new Error('return failed too');
        },
      }),
    }),
  ],
];

describe.each(broken)('a source that %s', (_name, source) => {
  test("fails its call, stops the handler's reader, and the link goes on", async () => {
    const outcomes: string[] = [];
    const { url } = await serve(reading(outcomes));
    const client = pool(url);
    const error = await failure(client.call(post('/', [], { stream: { source: source() } })));
    expect(error).toMatchObject({ code: 'CANCEL', message: expect.stringContaining('disk gone') });
    await eventually(() => outcomes.length === 1);
    expect(outcomes).toEqual(['CANCEL maybe']);
    const whole = client.call(post('/', [], { stream: { source: pieces(content(5)) } }));
    expect((await whole).text()).toBe('5');
    expect(client.stats().links).toHaveLength(1);
  });

  test("of a response fails the client's reader with INTERNAL, and the link goes on", async () => {
    const { url } = await serve((exchange) => {
      if (exchange.path === '/next') exchange.respond(OK, undefined, undefined);
      else exchange.respond(OK, undefined, { source: source() });
    });
    const client = pool(url);
    const response = await client.call(get('/'));
    expect(await outcome(drain(response.body))).toBe('INTERNAL yes');
    expect((await client.call(get('/next'))).status).toBe(200);
    expect([client.pending, client.stats().links.length]).toEqual([0, 1]);
  });
});

test('a source that gives something else than bytes fails its call', async () => {
  const { url } = await serve(reading([]));
  const texts: unknown = ['text'][Symbol.iterator]();
  const source: AsyncIterable<Uint8Array> = Object.assign(pieces(), {
    next: async () => Object(texts).next(),
  });
  const error = await failure(pool(url).call(post('/', [], { stream: { source } })));
  expect(error).toMatchObject({ code: 'CANCEL', message: expect.stringContaining('Uint8Array') });
});

test("the code of a TpError that a handler's source throws reaches the client", async () => {
  const { url } = await serve((exchange) => {
    exchange.respond(OK, undefined, {
      source: (async function* () {
        yield content(3);
        throw new TpError({ code: 'UPSTREAM', message: 'the origin has hung up' });
      })(),
    });
  });
  const response = await pool(url).call(get('/'));
  expect(await failure(drain(response.body))).toMatchObject({ code: 'UPSTREAM', processed: 'yes' });
});

test('onInformation that throws cancels its call and harms no other', async () => {
  const { url } = await serve((exchange) => {
    exchange.inform(103);
    exchange.respond(OK, undefined, undefined);
  });
  const client = pool(url);
  const onInformation = () => {
    throw new Error('mine');
  };
  const calls = [client.call(get('/', { onInformation })), client.call(get('/'))];
  expect(await failure(Promise.resolve(calls[0]))).toMatchObject({ code: 'CANCEL' });
  expect((await calls[1])?.status).toBe(200);
});

test('inform() takes informational statuses alone', async () => {
  const errors: unknown[] = [];
  const { url } = await serve((exchange) => {
    for (const status of [99, 101, 200]) {
      try {
        exchange.inform(status);
      } catch (error) {
        errors.push(error);
      }
    }
    exchange.respond(OK, undefined, undefined);
    exchange.inform(103);
  });
  const informed: number[] = [];
  await pool(url).call(get('/', { onInformation: (status) => informed.push(status) }));
  expect(errors).toMatchObject(Array(3).fill({ code: 'INVALID_ARGUMENT' }));
  expect(informed).toEqual([]);
});

describe('bodies above their limits', () => {
  test('maxBufferedBodyBytes: at the limit bytes() gathers, above it is BODY_LIMIT', async () => {
    const { url } = await serve((exchange) => {
      exchange.respond(OK, undefined, { source: pieces(content(Number(exchange.path.slice(1)))) });
    });
    const client = pool(url, { limits: { maxBufferedBodyBytes: 100_000 } });
    for (const length of [99_999, 100_000]) {
      expect((await (await client.call(get(`/${length}`))).bytes()).length).toBe(length);
    }
    const response = await client.call(get('/100001'));
    expect((await failure(Promise.resolve(response.bytes()))).code).toBe('BODY_LIMIT');
    expect(client.pending).toBe(0);
  });

  test('maxBodyBytes: at the limit a body passes, above it its exchange ends with BODY_LIMIT', async () => {
    const { server, url } = await serve(reading([]), { limits: { maxBodyBytes: 100_000 } });
    const client = pool(url);
    const send = (length: number) =>
      client.call(post('/', [], { stream: { source: pieces(content(length)) } }));
    for (const length of [99_999, 100_000]) expect((await send(length)).text()).toBe(`${length}`);
    expect(await outcome(send(100_001))).toBe('BODY_LIMIT maybe');
    expect(server.stats().limitHits.get('BODY_LIMIT')).toBe(1);
  });
});

test('a whole body above 64 KiB is INVALID_ARGUMENT on either side, and harms no link (W-040)', async () => {
  const thrown: string[] = [];
  const { url } = await serve((exchange) => {
    try {
      exchange.respond(OK, content(65_537), undefined);
    } catch (error) {
      if (isTpError(error)) thrown.push(error.code);
    }
    exchange.respond(OK, content(65_536), undefined);
  });
  const client = pool(url);
  const tooLong = client.call(post('/', [], { body: content(65_537) }));
  expect(await outcome(tooLong)).toBe('INVALID_ARGUMENT no');
  const response = await client.call(post('/', [], { body: content(65_536) }));
  expect(await response.bytes()).toHaveLength(65_536);
  expect(thrown).toEqual(['INVALID_ARGUMENT']);
});

describe('a peer that answers against the rules', () => {
  test('a second response is PROTOCOL, of the stream (W-032)', async () => {
    const server = await scriptedServer();
    const client = pool(server.url, { codecs: ['none'] });
    const call = client.call(get('/'));
    const peer = await acceptOpen(server);
    await peer.next('request');
    peer.say((encoder) => {
      encoder.response(1, OK, undefined, true);
      encoder.response(1, OK, undefined, true);
    });
    expect(await outcome(call.then(({ body }) => drain(body)))).toBe('PROTOCOL yes');
    expect(await peer.next('cancel')).toMatchObject({ id: 1, code: 'PROTOCOL' });
  });

  test('a response to what was never asked, and a request, end the link (W-031, W-023)', async () => {
    for (const wrong of ['response', 'request'] as const) {
      const server = await scriptedServer();
      const call = outcome(pool(server.url, { codecs: ['none'] }).call(get('/')));
      const peer = await acceptOpen(server);
      await peer.next('request');
      peer.say((encoder) => {
        if (wrong === 'response') encoder.response(2, OK, undefined, false);
        else encoder.request(1, get('/').head, undefined, false, 0);
      });
      expect(await call).toBe('PROTOCOL maybe');
      expect(await peer.next('goaway')).toMatchObject({ code: 'PROTOCOL', final: true });
    }
  });

  test('one piece of a body is read at a time: a second next() before the first is an error', async () => {
    const server = await scriptedServer();
    const call = pool(server.url, { codecs: ['none'] }).call(get('/'));
    const peer = await acceptOpen(server);
    await peer.next('request');
    peer.say((encoder) => encoder.response(1, OK, undefined, true));
    const reader = (await call).body[Symbol.asyncIterator]();
    const first = reader.next();
    expect((await failure(reader.next())).code).toBe('INVALID_ARGUMENT');
    peer.say((encoder) => encoder.data(1, content(3), true));
    expect((await first).value).toHaveLength(3);
  });
});
