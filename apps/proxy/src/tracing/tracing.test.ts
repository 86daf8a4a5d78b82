import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest';
import { start, startChain } from '../test/chain.ts';
import { MAIN } from '../test/proxy-process.ts';
import { exchange, rawClient } from '../test/raw-client.ts';
import { always, rawOrigin } from '../test/raw-origin.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

const exporter = new InMemorySpanExporter();

beforeAll(() => {
  const spanProcessors = [new SimpleSpanProcessor(exporter)];
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});
beforeEach(() => exporter.reset());
afterAll(() => {
  trace.disable();
  propagation.disable();
});

/** So many spans, when they have ended, each behind its parent where that is here. */
async function ended(count: number): Promise<ReadableSpan[]> {
  await expect.poll(() => exporter.getFinishedSpans().length).toBe(count);
  const spans = new Map(exporter.getFinishedSpans().map((span) => [idOf(span), span]));
  const depth = (span: ReadableSpan | undefined): number =>
    span === undefined ? 0 : 1 + depth(spans.get(span.parentSpanContext?.spanId));
  return [...spans.values()].toSorted((one, other) => depth(one) - depth(other));
}

const idOf = (span: ReadableSpan | undefined) => span?.spanContext().spanId;

it('goes on with a trace through a pair: two spans of servers, a hop over the link and one to the origin', async () => {
  const origin = await rawOrigin(always(OK));
  const { address } = await startChain('a pair', origin.address, ['--tracing']);
  await exchange(
    address,
    `GET /item?token=secret HTTP/1.1\r\nHost: shop.example\r\ntraceparent: 00-${TRACE}-${PARENT}-01\r\ntracestate: a=b\r\nbaggage: c=d\r\n\r\n`,
  );
  const [near, link, far, hop] = await ended(4);
  expect([near, link, far, hop].map((span) => span?.kind)).toEqual([
    SpanKind.SERVER,
    SpanKind.CLIENT,
    SpanKind.SERVER,
    SpanKind.CLIENT,
  ]);
  for (const span of [near, link, far, hop]) {
    expect(span?.name).toBe('GET');
    expect(span?.spanContext().traceId).toBe(TRACE);
    expect(span?.attributes['http.response.status_code']).toBe(200);
    expect(span?.attributes['http.response.body.size']).toBe(2);
    expect(span?.status.code).toBe(SpanStatusCode.UNSET);
    expect(JSON.stringify(span?.attributes)).not.toContain('secret');
  }
  expect(near?.parentSpanContext?.spanId).toBe(PARENT);
  expect(link?.parentSpanContext?.spanId).toBe(idOf(near));
  expect(far?.parentSpanContext?.spanId).toBe(idOf(link));
  expect(hop?.parentSpanContext?.spanId).toBe(idOf(far));
  expect(near?.attributes).toMatchObject({
    'url.path': '/item',
    'server.address': 'shop.example',
    'client.address': '127.0.0.1',
    'tp.listener': 'http://127.0.0.1:0',
  });
  expect(hop?.attributes).toMatchObject({
    'network.protocol.name': 'http',
    'server.address': origin.address,
  });
  const received = origin.received[0] ?? '';
  expect(received).toContain(`traceparent: 00-${TRACE}-${idOf(hop)}-01\r\n`);
  expect(received).toContain('tracestate: a=b\r\n');
  expect(received).toContain('baggage: c=d\r\n');
  expect(received.match(/traceparent/gi)).toHaveLength(1);
});

it('says of a hop over a link how long it waited, and what its batches took before and after packing', async () => {
  const origin = await rawOrigin(always(OK));
  const { address } = await startChain('a pair', origin.address, [
    '--tracing',
    '--batch-delay',
    '20',
  ]);
  const clients = await Promise.all([rawClient(address), rawClient(address)]);
  for (const client of clients) {
    client.write(`GET /${'x'.repeat(2000)} HTTP/1.1\r\nHost: a\r\n\r\n`);
  }
  for (const client of clients) await client.got((text) => text.endsWith('ok'));
  const links = (await ended(8)).filter(
    ({ attributes }) => attributes['network.protocol.name'] === 'tp',
  );
  expect(links).toHaveLength(2);
  for (const { attributes } of links) {
    const number = (name: string) => Number(attributes[name]);
    expect(number('tp.request.wait_ms')).toBeGreaterThan(0);
    expect(number('tp.request.batch.calls')).toBeGreaterThanOrEqual(1);
    expect(number('tp.request.batch.unpacked_bytes')).toBeGreaterThan(2000);
    expect(number('tp.request.batch.wire_bytes')).toBeGreaterThan(0);
    expect(number('tp.request.batch.wire_bytes')).toBeLessThan(1000);
    expect(number('tp.response.batch.unpacked_bytes')).toBeGreaterThan(0);
    expect(number('tp.response.batch.wire_bytes')).toBeGreaterThan(0);
    expect(attributes['tp.peer']).toMatch(/^teleport:/);
  }
});

it('begins a trace where none came, or none that is valid', async () => {
  const origin = await rawOrigin(always(OK));
  const { address } = await startChain('one proxy', origin.address, ['--tracing']);
  await exchange(address, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await exchange(
    address,
    'GET / HTTP/1.1\r\nHost: a\r\nTraceParent: 00-0-0-01\r\nTraceState: a=b\r\n\r\n',
  );
  const spans = await ended(4);
  const servers = spans.filter(({ kind }) => kind === SpanKind.SERVER);
  expect(servers.map(({ parentSpanContext }) => parentSpanContext)).toEqual([undefined, undefined]);
  for (const [i, received] of origin.received.join('').split('GET ').slice(1).entries()) {
    const hop = spans.filter(({ kind }) => kind === SpanKind.CLIENT)[i];
    expect(received).toContain(`traceparent: 00-${hop?.spanContext().traceId}-${idOf(hop)}-01`);
    expect(received).not.toContain('a=b');
    expect(received.match(/traceparent/gi)).toHaveLength(1);
  }
});

it('has a span for each attempt, and says why one failed', async () => {
  const origin = await rawOrigin(always(OK));
  const out = `http://127.0.0.1:1,${origin.address}`;
  const { address } = await startChain('one proxy', out, ['--tracing']);
  let turns = 0;
  const failed = () =>
    exporter.getFinishedSpans().filter(({ attributes }) => 'tp.processed' in attributes);
  while (failed().length === 0 && turns < 20) {
    await exchange(address, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    turns += 1;
  }
  const [first] = failed();
  expect(first?.status.code).toBe(SpanStatusCode.ERROR);
  expect(first?.attributes).toMatchObject({ 'error.type': 'UNREACHABLE', 'tp.processed': 'no' });
  const again = exporter
    .getFinishedSpans()
    .find(({ attributes }) => attributes['http.request.resend_count'] === 1);
  expect(again?.parentSpanContext?.spanId).toBe(first?.parentSpanContext?.spanId);
  expect(again?.attributes['http.response.status_code']).toBe(200);
});

it('marks what failed: an origin of which nobody is there, an answer of 500, a body that broke off', async () => {
  const nobody = await startChain('one proxy', 'http://127.0.0.1:1', ['--tracing']);
  await exchange(nobody.address, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const [server, hop] = await ended(2);
  expect(server?.attributes).toMatchObject({
    'error.type': 'UNREACHABLE',
    'http.response.status_code': 503,
  });
  for (const span of [server, hop]) expect(span?.status.code).toBe(SpanStatusCode.ERROR);

  for (const [answer, type] of [
    ['HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n', '500'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n', 'broken_off'],
  ] as const) {
    exporter.reset();
    const origin = await rawOrigin((socket) => socket.end(answer));
    const { address } = await startChain('one proxy', origin.address, ['--tracing']);
    const client = await rawClient(address);
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    for (const span of await ended(2)) {
      expect(span.status.code).toBe(SpanStatusCode.ERROR);
      expect(span.attributes['error.type']).toBe(type);
    }
  }
});

it('leaves trace context alone where nobody asks for spans, and has none', async () => {
  const origin = await rawOrigin(always(OK));
  const { address } = await startChain('a pair', origin.address);
  const traceparent = `traceparent: 00-${TRACE}-${PARENT}-01`;
  await exchange(address, `GET / HTTP/1.1\r\nHost: a\r\n${traceparent}\r\n\r\n`);
  expect(origin.received[0]).toContain(`${traceparent}\r\n`);
  expect(exporter.getFinishedSpans()).toEqual([]);
});

it('passes trace context as it came where no SDK is there', async () => {
  trace.disable();
  propagation.disable();
  try {
    const origin = await rawOrigin(always(OK));
    const proxy = await start(['--in', 'http://127.0.0.1:0', '--out', origin.address, '--tracing']);
    const traceparent = `traceparent: 00-${TRACE}-${PARENT}-01`;
    const address = proxy.listeners[0]?.address ?? '';
    await exchange(address, `GET / HTTP/1.1\r\nHost: a\r\n${traceparent}\r\n\r\n`);
    expect(origin.received[0]).toContain(`${traceparent}\r\n`);
  } finally {
    const spanProcessors = [new SimpleSpanProcessor(exporter)];
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  }
});

it('needs its module only where it is asked for, and says so', async () => {
  // Others of the proxy's dependencies bring it along.
  const hook =
    "import{registerHooks}from'node:module';registerHooks({resolve(name,context,next){" +
    "if(name==='@opentelemetry/api'&&context.parentURL.includes('tracing'))throw new Error('not here');return next(name,context)}})";
  const args = ['--import', `data:text/javascript,${hook}`, MAIN];
  const flags = ['--in', 'http://127.0.0.1:0', '--out', 'http://127.0.0.1:1'];
  const without = spawn(process.execPath, [...args, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void without.kill('SIGKILL'));
  const [line] = await once(without.stdout, 'data');
  expect(String(line)).toContain('"msg":"listening"');

  const asked = promisify(execFile)(process.execPath, [...args, ...flags, '--tracing']);
  await expect(asked).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('npm install @opentelemetry/api'),
  });
});
