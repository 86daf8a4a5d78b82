import http2 from 'node:http2';
import net from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stats } from '../admin/stats.ts';
import { boundTo, startFile } from '../test/chain.ts';
import {
  FLAG,
  type Frame,
  fieldBlock,
  frame,
  H2_PREFACE,
  requestFields,
  TYPE,
} from '../test/h2-frames.ts';
import { getFrames, headFrames, rawH2Client } from '../test/h2-raw-client.ts';
import { always, rawOrigin, type Script } from '../test/raw-origin.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM } = http2.constants;
const { NGHTTP2_NO_ERROR } = http2.constants;

async function startH2(script: Script = always(OK), settings = '') {
  const origin = await rawOrigin(script);
  const proxy = await startFile(
    `listeners: [{ url: 'http://127.0.0.1:0', http2: true, ${settings} }]\nout: ${origin.address}\n`,
  );
  return { origin, proxy, address: boundTo(proxy) };
}

function connect(address: string): http2.ClientHttp2Session {
  const session = http2.connect(address);
  session.on('error', () => undefined);
  onTestFinished(() => session.destroy());
  return session;
}

/** The status of a request, or the reason of its reset. */
async function statusOf(
  session: http2.ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
): Promise<unknown> {
  const stream = session.request(headers);
  stream.resume();
  stream.on('error', () => undefined);
  let status: unknown;
  stream.once('response', (head) => {
    status = head[':status'];
  });
  await new Promise((resolve) => stream.once('close', resolve));
  return status ?? `reset with ${stream.rstCode}`;
}

describe('the head of a request over HTTP/2', () => {
  /** `host: a` and the field's own colon, blank and line end count as in HTTP/1.1; so does GET. */
  const own = 'GET'.length + '/'.length + 'host: a\r\n'.length + 'x0: \r\n'.length;

  it('may be as long as max-head; a longer one is answered 431 and counted, a far longer one reset', async () => {
    const { proxy, origin, address } = await startH2(always(OK), 'max-head: 4096');
    const session = connect(address);
    const ask = (bytes: number) =>
      statusOf(session, { ':path': '/', ':authority': 'a', x0: 'x'.repeat(bytes - own) });
    expect(await ask(4096)).toBe(200);
    expect(origin.received.join('')).toHaveLength(4096 + ' '.length + ' HTTP/1.1\r\n\r\n'.length);
    expect(await ask(4097)).toBe(431);
    expect(await ask(8192)).toBe(431);
    expect(stats(proxy).limitHits).toEqual({ maxHeadBytes: 2 });
    expect(await ask(60_000)).toBe(`reset with ${NGHTTP2_ENHANCE_YOUR_CALM}`);
    expect(await ask(4096)).toBe(200);
    expect(origin.received.join('').split('GET / ')).toHaveLength(3);
  });

  it('may have 100 fields, the parts of a cookie counted as one', async () => {
    const { origin, address } = await startH2();
    const session = connect(address);
    const ask = (fields: number) =>
      statusOf(session, {
        ':path': '/',
        ':authority': 'a',
        ...Object.fromEntries(Array.from({ length: fields - 1 }, (_one, i) => [`x${i}`, '1'])),
      });
    expect(await ask(100)).toBe(200);
    expect(await ask(101)).toBe(431);
    expect(await ask(500)).toBe(431);
    expect(await ask(600)).toBe(`reset with ${NGHTTP2_ENHANCE_YOUR_CALM}`);
    const cookie = Array.from({ length: 180 }, (_one, i) => `c${i}=${i}`);
    expect(await statusOf(session, { ':path': '/cookies', cookie })).toBe(200);
    expect(origin.received.join('')).toContain(`\r\ncookie: ${cookie.join('; ')}\r\n`);
  });
});

describe('the streams of an HTTP/2 connection', () => {
  it('are 250 at once, as its settings say; who opens more is cut off', async () => {
    const { origin, address } = await startH2(() => undefined);
    const client = await rawH2Client(address);
    await client.got(({ type, flags }) => type === TYPE.settings && flags === FLAG.ack);
    for (let i = 0; i < 250; i++) client.send(getFrames(2 * i + 1, `/${i}`));
    while (origin.connections < 250) await new Promise((resolve) => setImmediate(resolve));
    expect(client.isClosed).toBe(false);
    client.send(getFrames(501, '/more'));
    const goaway = (await client.closed()).find(({ type }) => type === TYPE.goaway);
    expect(goaway?.payload.readUInt32BE(0)).toBe(499);
    for (let i = 0; i < 250; i++) await origin.closed(i);
    expect(origin.received.join('')).not.toContain('/more');
  });

  it.each([
    ['as fast as they are served', 20, { cancelBurst: 1 }],
    ['all in one', 2_000, {}],
  ])('end with the connection when more than 1000 are opened and reset, %s', async (...each) => {
    const [, together, limits] = each;
    const { proxy, origin, address } = await startH2(() => undefined);
    const client = await rawH2Client(address);
    const cancel = Buffer.of(0, 0, 0, NGHTTP2_CANCEL);
    for (let id = 1; !client.isClosed; ) {
      const frames: Buffer[] = [];
      for (let i = 0; i < together; i++, id += 2) {
        frames.push(getFrames(id, '/'), frame(TYPE.rstStream, 0, id, cancel));
      }
      client.send(...frames, frame(TYPE.ping, 0, 0, `${id}`.padStart(8, '0')));
      const isPong = ({ type, payload }: Frame): boolean =>
        type === TYPE.ping && Number(payload) === id;
      await client.got(isPong).catch(() => undefined);
    }
    expect(stats(proxy).limitHits).toEqual(limits);
    // 1000 at once, and 33 for each second that this took.
    expect(origin.connections).toBeLessThan(2_000);
    const other = { ':path': `/${'a'.repeat(9_000)}` };
    expect(await statusOf(connect(address), other)).toBe(414);
  });
});

const HALF_HEAD = frame(TYPE.headers, FLAG.endStream, 1, fieldBlock(requestFields('/hidden')));
const OPEN_POST = headFrames(1, fieldBlock(requestFields('/open', [], 'POST')));

/** What comes once, and then without end. */
const FLOODS: readonly [string, 'is cut' | 'stands', Buffer, Buffer][] = [
  ['CONTINUATION', 'is cut', HALF_HEAD, frame(TYPE.continuation, 0, 1, fieldBlock([['x', 'y']]))],
  ['empty CONTINUATION', 'is cut', HALF_HEAD, frame(TYPE.continuation, 0, 1)],
  ['empty DATA', 'is cut', OPEN_POST, frame(TYPE.data, 0, 1)],
  ['SETTINGS', 'is cut', Buffer.alloc(0), frame(TYPE.settings, 0, 0)],
  [
    'many SETTINGS in one',
    'is cut',
    Buffer.alloc(0),
    frame(TYPE.settings, 0, 0, Buffer.alloc(600)),
  ],
  ['acknowledged SETTINGS', 'is cut', Buffer.alloc(0), frame(TYPE.settings, FLAG.ack, 0)],
  ['PING', 'is cut', Buffer.alloc(0), frame(TYPE.ping, 0, 0, '12345678')],
  ['answered PING', 'is cut', Buffer.alloc(0), frame(TYPE.ping, FLAG.ack, 0, '12345678')],
  ['PRIORITY', 'is cut', Buffer.alloc(0), frame(TYPE.priority, 0, 3, Buffer.of(0, 0, 0, 0, 1))],
  ['unknown', 'is cut', Buffer.alloc(0), frame(0x77, 0, 0, 'x')],
  [
    'WINDOW_UPDATE',
    'stands',
    Buffer.alloc(0),
    frame(TYPE.windowUpdate, 0, 0, Buffer.of(0, 0, 0, 1)),
  ],
  [
    'too large WINDOW_UPDATE',
    'is cut',
    Buffer.alloc(0),
    frame(TYPE.windowUpdate, 0, 0, Buffer.of(0x7f, 255, 255, 255)),
  ],
];

describe('a flood of frames', () => {
  it.each(FLOODS)('of %s: the connection %s', async (_what, end, first, each) => {
    const { proxy, origin, address } = await startH2((socket, received) => {
      if (received.startsWith('GET')) socket.write(OK);
    });
    const client = await rawH2Client(address);
    client.send(first);
    const many = Buffer.concat(Array.from({ length: 1_000 }, () => each));
    for (let round = 0; round < 20 && !client.isClosed; round++) {
      client.send(many);
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (end === 'is cut') {
      await client.closed();
      const outcomes = proxy.meters.routes.flatMap((route) => [...route.outcomes]);
      expect(outcomes).toContainEqual(['PROTOCOL', 1]);
    } else {
      client.send(getFrames(3, '/behind'));
      await client.got(({ type }) => type === TYPE.data);
    }
    expect(origin.received.join('')).not.toContain('/hidden');
    expect(await statusOf(connect(address), { ':path': '/other' })).toBe(200);
  });

  it.each([
    ['PING', frame(TYPE.ping, 0, 0, '12345678')],
    ['SETTINGS', frame(TYPE.settings, 0, 0)],
  ])('of %s whose answers nobody reads ends the connection', async (_what, each) => {
    const { address } = await startH2();
    const socket = net.connect(Number(new URL(address).port), '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.pause();
    socket.write(Buffer.concat([H2_PREFACE, frame(TYPE.settings, 0, 0)]));
    // Few enough to be answered one by one, were they read.
    const some = Buffer.concat(Array.from({ length: 100 }, () => each));
    while (!socket.destroyed) {
      const written = new Promise((resolve) => socket.write(some, resolve));
      await Promise.race([written, closed]);
    }
    expect(await statusOf(connect(address), { ':path': '/other' })).toBe(200);
  });
});

describe('a request over HTTP/2 whose body breaks off', () => {
  const noError = Buffer.alloc(4);
  const cancel = Buffer.of(0, 0, 0, NGHTTP2_CANCEL);
  const goaway = frame(TYPE.goaway, 0, 0, Buffer.alloc(8));
  it.each<[string, Buffer, boolean]>([
    ['a reset', frame(TYPE.rstStream, 0, 1, cancel), false],
    [`a reset with ${NGHTTP2_NO_ERROR}`, frame(TYPE.rstStream, 0, 1, noError), false],
    ['the end of its connection', Buffer.alloc(0), true],
    ['GOAWAY and the end of its connection', goaway, true],
    ['a frame that is none', frame(TYPE.data, 0, 0, 'x'), false],
  ])('by %s is never seen as a whole one', async (_how, bytes, isEnd) => {
    const { origin, address } = await startH2(() => undefined);
    const client = await rawH2Client(address);
    client.send(OPEN_POST, frame(TYPE.data, 0, 1, 'part'));
    while (origin.connections === 0) await new Promise((resolve) => setImmediate(resolve));
    await origin.got((text) => text.includes('part'));
    client.send(bytes);
    if (isEnd) client.end();
    await origin.closed();
    expect(origin.received[0]).toMatch(/\r\n\r\n4\r\npart\r\n$/);
  });
});
