import { ResponseHead, TpError } from '@tp/wire';
import { describe, expect, test } from 'vitest';
import { content, pieces, Source } from '../test/content.ts';
import { drain, Gate, get, OK, pool, post, serve } from '../test/ends.ts';
import { told } from '../test/events.ts';
import { eventually, turns } from '../test/eventually.ts';
import { outcome } from '../test/failure.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { acceptOpen, openScripted, scriptedServer } from '../test/scripted-peer.ts';
import type { ServerExchange } from './server-exchange.ts';

const plain = { codecs: ['none'] as const };

describe('aborting a call', () => {
  test('before it is made: CANCEL no, and nothing is written', async () => {
    const server = await scriptedServer();
    const client = pool(server.url, plain);
    const peer = await acceptOpen(server);
    await client.ready();
    expect(await outcome(client.call(get('/', { signal: AbortSignal.abort() })))).toBe('CANCEL no');
    await turns();
    expect([peer.heard('request'), client.pending]).toEqual([[], 0]);
  });

  test('while it is queued: CANCEL no, and nothing is written', async () => {
    const server = await scriptedServer();
    const client = pool(server.url, plain);
    const abort = new AbortController();
    const call = client.call(get('/gone', { signal: abort.signal }));
    const kept = client.call(get('/kept'));
    kept.catch(() => {});
    abort.abort();
    expect(await outcome(call)).toBe('CANCEL no');
    const peer = await acceptOpen(server);
    expect((await peer.next('request')).head.path).toBe('/kept');
    expect(peer.heard('cancel')).toEqual([]);
  });

  test('after it was written: CANCEL maybe, the peer is told, and late answers are dropped (W-031)', async () => {
    const server = await scriptedServer();
    const client = pool(server.url, plain);
    const abort = new AbortController();
    const call = client.call(get('/gone', { signal: abort.signal }));
    const peer = await acceptOpen(server);
    await peer.next('request');
    const next = client.call(get('/next'));
    await peer.next('request');
    abort.abort(new Error('why'));
    expect(await outcome(call)).toBe('CANCEL maybe');
    expect(await peer.next('cancel')).toMatchObject({ id: 1, code: 'CANCEL' });
    peer.say((encoder) => {
      encoder.response(1, new ResponseHead(500), undefined, true);
      encoder.data(1, content(1000), true);
      encoder.cancel(1, 'INTERNAL', 'yes');
      encoder.response(2, OK, Buffer.from('mine'), false);
    });
    expect((await next).text()).toBe('mine');
  });

  test('ends it once, also where the link has no room for the cancel and ends', async () => {
    const server = await scriptedServer();
    const client = pool(server.url, { ...plain, limits: { maxQueuedControl: 0 } });
    const abort = new AbortController();
    const call = client.call(get('/', { signal: abort.signal }));
    const peer = await acceptOpen(server);
    await peer.next('request');
    abort.abort();
    expect(await outcome(call)).toBe('ENHANCE_YOUR_CALM maybe');
    expect(client.pending).toBe(0);
  });

  test('a handler that refuses ends its exchange once, also where the link has no room for that and ends', async () => {
    const failed = told('tp:call:error');
    const handled: ServerExchange[] = [];
    const { server, url } = await serve((exchange) => handled.push(exchange), {
      limits: { maxQueuedControl: 0 },
    });
    const peer = await openScripted(url);
    peer.say((encoder) => encoder.request(1, get('/').head, undefined, false, 0));
    await eventually(() => handled.length === 1);
    handled[0]?.refuse(new TpError({ code: 'INTERNAL', message: 'broken', processed: 'maybe' }));
    expect(failed).toMatchObject([{ side: 'server', error: { code: 'ENHANCE_YOUR_CALM' } }]);
    expect(server.stats()).toMatchObject({ links: [], pending: 0 });
    await peer.end();
  });

  test("in the middle of the response's body: the reader fails with CANCEL, and the credit returns", async () => {
    const server = await scriptedServer();
    const limits = { streamWindow: 32 * 1024, linkWindow: 64 * 1024 };
    const client = pool(server.url, { ...plain, limits });
    const abort = new AbortController();
    const call = client.call(get('/', { signal: abort.signal }));
    const peer = await acceptOpen(server);
    await peer.next('request');
    peer.say((encoder) => {
      encoder.response(1, OK, undefined, true);
      for (let i = 0; i < 2; i++) encoder.data(1, content(16 * 1024), false);
    });
    const response = await call;
    const read = outcome(drain(response.body));
    await turns();
    abort.abort();
    expect(await read).toBe('CANCEL yes');
    expect(await peer.next('cancel')).toMatchObject({ id: 1, code: 'CANCEL' });
    await eventually(() => granted(peer.heard('credit')) === 32 * 1024);
    peer.say((encoder) => {
      for (let i = 0; i < 2; i++) encoder.data(1, content(16 * 1024), false);
    });
    await eventually(() => granted(peer.heard('credit')) === 64 * 1024);
    expect(client.pending).toBe(0);
  });

  test('leaves no listener on the signal once the call has ended', async () => {
    const { url } = await serve((exchange) => exchange.respond(OK, undefined, undefined));
    const client = pool(url);
    const abort = new AbortController();
    let listeners = 0;
    const { signal } = abort;
    const [add, remove] = [signal.addEventListener, signal.removeEventListener];
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove.apply(signal, args);
    };
    for (let i = 0; i < 3; i++) await client.call(get('/', { signal }));
    expect(listeners).toBe(0);
  });
});

function granted(credits: readonly { id: number; bytes: number }[]): number {
  return credits.filter(({ id }) => id === 0).reduce((sum, { bytes }) => sum + bytes, 0);
}

describe("the handler's signal", () => {
  test("fires with the client's cancel, and the source of the response is told", async () => {
    const seen = new Gate<ServerExchange>();
    const source = new Source(10_000_000);
    const { url } = await serve((exchange) => {
      seen.open(exchange);
      exchange.respond(OK, undefined, { source });
    });
    const abort = new AbortController();
    const response = await pool(url).call(get('/', { signal: abort.signal }));
    const { signal } = await seen.passed;
    expect(signal.aborted).toBe(false);
    abort.abort();
    await eventually(() => signal.aborted);
    expect(signal.reason).toMatchObject({ code: 'CANCEL' });
    await eventually(() => source.returned);
    expect(await outcome(drain(response.body))).toBe('CANCEL yes');
  });

  test('fires when the link is lost, also when it is asked for only then', async () => {
    const seen: ServerExchange[] = [];
    const { url } = await serve((exchange) => seen.push(exchange));
    const peer = await openScripted(url);
    peer.say((encoder) => encoder.request(1, get('/').head, undefined, true, 0));
    await eventually(() => seen.length === 1);
    const body = outcome(drain(seen[0]?.body ?? pieces()));
    peer.socket.destroy();
    expect(await body).toBe('LINK_LOST maybe');
    expect(seen[0]?.signal.reason).toMatchObject({ code: 'LINK_LOST' });
    expect(seen[0]?.over).toBe(true);
    seen[0]?.respond(OK, undefined, undefined);
  });

  test('does not fire when the exchange ends well', async () => {
    const seen = new Gate<ServerExchange>();
    const { url } = await serve((exchange) => {
      seen.open(exchange);
      exchange.respond(OK, undefined, undefined);
    });
    await pool(url).call(get('/'));
    const exchange = await seen.passed;
    await eventually(() => exchange.over);
    expect(exchange.signal.aborted).toBe(false);
  });
});

describe('deadlines', () => {
  test('one that passes while the call is queued is DEADLINE no, and nothing is written', async () => {
    const clock = new FakeClock();
    const server = await scriptedServer();
    const client = pool(server.url, { ...plain, clock });
    const call = outcome(client.call(get('/late', { deadlineMs: 100 })));
    const peer = await server.accept();
    clock.advance(108);
    expect(await call).toBe('DEADLINE no');
    peer.greet();
    await client.ready();
    await turns();
    expect(peer.heard('request')).toEqual([]);
  });

  test('travels lowered by the time that the call waited (W-090)', async () => {
    const clock = new FakeClock();
    const server = await scriptedServer();
    const client = pool(server.url, { ...plain, clock });
    const call = client.call(get('/', { deadlineMs: 1000 }));
    call.catch(() => {});
    const peer = await server.accept();
    clock.advance(300);
    peer.greet();
    expect((await peer.next('request')).timeoutMs).toBe(700);
    client.call(get('/no-deadline')).catch(() => {});
    expect((await peer.next('request')).timeoutMs).toBe(0);
  });

  test('one that passes while the handler runs is DEADLINE maybe, and the peer is told', async () => {
    const clock = new FakeClock();
    const server = await scriptedServer();
    const client = pool(server.url, { ...plain, clock });
    const call = outcome(client.call(get('/', { deadlineMs: 500 })));
    const peer = await acceptOpen(server);
    await peer.next('request');
    clock.advance(492);
    expect(peer.heard('cancel')).toEqual([]);
    clock.advance(16);
    expect(await call).toBe('DEADLINE maybe');
    expect(await peer.next('cancel')).toMatchObject({ id: 1, code: 'DEADLINE' });
  });

  test("one that passes in the middle of the response fails the body's reader with DEADLINE", async () => {
    const clock = new FakeClock();
    const { url } = await serve((exchange) =>
      exchange.respond(OK, undefined, {
        source: (async function* () {
          yield content(10);
          await new Promise(() => {});
        })(),
      }),
    );
    const client = pool(url, { clock });
    const response = await client.call(get('/', { deadlineMs: 500 }));
    const read = outcome(drain(response.body));
    clock.advance(508);
    expect(await read).toBe('DEADLINE yes');
    expect(client.pending).toBe(0);
  });

  test('the server lets an exchange expire on its own clock: its signal fires, and the client is told', async () => {
    const clock = new FakeClock();
    const seen: ServerExchange[] = [];
    const { url } = await serve((exchange) => seen.push(exchange), { clock });
    const peer = await openScripted(url);
    peer.say((encoder) => encoder.request(1, get('/').head, undefined, false, 250));
    await eventually(() => seen.length === 1);
    clock.advance(100);
    expect(seen[0]?.remainingMs).toBe(150);
    clock.advance(158);
    expect(seen[0]?.signal.reason).toMatchObject({ code: 'DEADLINE' });
    expect(seen[0]?.remainingMs).toBe(0);
    expect(await peer.next('cancel')).toMatchObject({
      id: 1,
      code: 'DEADLINE',
      processed: 'maybe',
    });
    seen[0]?.respond(OK, undefined, undefined);
    await turns();
    expect(peer.heard('response')).toEqual([]);
  });

  test("without a deadline, requestTimeoutMs holds until the response's head and no longer", async () => {
    const clock = new FakeClock();
    const server = await scriptedServer();
    const client = pool(server.url, { ...plain, clock, limits: { requestTimeoutMs: 1000 } });
    const [slow, quick] = [outcome(client.call(get('/slow'))), client.call(get('/quick'))];
    const peer = await acceptOpen(server);
    await peer.next('request');
    await peer.next('request');
    peer.say((encoder) => encoder.response(2, OK, undefined, true));
    const response = await quick;
    clock.advance(1008);
    expect(await slow).toBe('TIMEOUT maybe');
    expect(await peer.next('cancel')).toMatchObject({ id: 1, code: 'TIMEOUT' });
    peer.say((encoder) => encoder.data(2, content(3), true));
    expect(await drain(response.body)).toBe(3);
  });
});

test("an early complete answer ends the upload: the peer's Cancel NO_ERROR stops the source (W-035)", async () => {
  const server = await scriptedServer();
  const client = pool(server.url, plain);
  const source = new Source(10_000_000);
  const call = client.call(post('/', [], { stream: { source } }));
  const peer = await acceptOpen(server);
  await peer.next('data');
  peer.say((encoder) => {
    encoder.response(1, OK, Buffer.from('enough'), false);
    encoder.cancel(1, 'NO_ERROR', 'yes');
  });
  const response = await call;
  expect(response.text()).toBe('enough');
  await eventually(() => client.pending === 0);
  expect(source.returned).toBe(true);
});
