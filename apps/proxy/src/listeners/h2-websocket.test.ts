import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http2 from 'node:http2';
import type net from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { boundTo, CHAINS, type ChainKind, start, startFile } from '../test/chain.ts';
import { always, type RawOrigin, rawOrigin, type Script } from '../test/raw-origin.ts';

const ASK = {
  ':method': 'CONNECT',
  ':protocol': 'websocket',
  ':path': '/chat?a',
  ':authority': 'site.example',
  'sec-websocket-version': '13',
  'sec-websocket-protocol': 'one, two',
};

function acceptOf(request: string): string {
  const key = /^sec-websocket-key: (\S+)\r$/im.exec(request)?.[1] ?? '';
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

function switched(received: string, accept = acceptOf(received)): string {
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: two\r\n\r\n`;
}

/** Switches, then sends everything back. */
const echo: Script = (socket, received) => {
  if (!received.endsWith('\r\n\r\n')) return;
  socket.write(switched(received));
  socket.removeAllListeners('data');
  socket.pipe(socket);
};

async function connectTo(kind: ChainKind, script: Script) {
  const origin = await rawOrigin(script);
  const far = await start(['--in', 'teleport://127.0.0.1:0', '--out', origin.address]);
  const out = kind === 'a pair' ? boundTo(far) : origin.address;
  const near = await startFile(
    `listeners: [{ url: 'http://127.0.0.1:0', http2: true }]\nout: ${out}\n`,
  );
  const session = http2.connect(boundTo(near));
  session.on('error', () => undefined);
  onTestFinished(() => session.destroy());
  await once(session, 'remoteSettings');
  return { origin, near, session };
}

/** Opens a stream; its errors are told by how it closes. */
function ask(session: http2.ClientHttp2Session, more: http2.OutgoingHttpHeaders = {}) {
  const stream = session.request({ ...ASK, ...more }, { endStream: false });
  stream.on('error', () => undefined);
  return stream;
}

async function originGot(origin: RawOrigin): Promise<string> {
  while (origin.connections === 0) await new Promise((resolve) => setImmediate(resolve));
  return origin.got((text) => text.endsWith('\r\n\r\n'));
}

describe.each(CHAINS)('a WebSocket over HTTP/2 (RFC 8441) through %s', (kind) => {
  it('is one over HTTP/1.1 at the origin, and carries what comes both ways', async () => {
    const { origin, session } = await connectTo(kind, echo);
    expect(session.remoteSettings?.enableConnectProtocol).toBe(true);
    const stream = ask(session, { 'sec-websocket-key': 'mine', 'x-one': '1' });
    const [head] = await once(stream, 'response');
    expect(head[':status']).toBe(200);
    expect(head['sec-websocket-protocol']).toBe('two');
    expect(head).not.toHaveProperty('sec-websocket-accept');
    expect(head).not.toHaveProperty('upgrade');
    const request = (await originGot(origin)).replace(/x-tp-remaining-ms: \d+\r\n/, '');
    expect(request.replace(/-key: \S{22}==\r\n/, '-key: K\r\n')).toBe(
      'GET /chat?a HTTP/1.1\r\nhost: site.example\r\nsec-websocket-version: 13\r\nsec-websocket-protocol: one, two\r\nx-one: 1\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: K\r\n\r\n',
    );
    for (const text of ['one', 'two', 'x'.repeat(200_000)]) {
      stream.write(text);
      let back = '';
      while (back.length < text.length) back += String((await once(stream, 'data'))[0]);
      expect(back).toBe(text);
    }
    stream.end('last');
    let rest = '';
    for await (const piece of stream) rest += String(piece);
    expect(rest).toBe('last');
    await origin.closed();
  });

  it('ends at the origin when its stream is reset, and is reset when the origin resets', async () => {
    const sockets: net.Socket[] = [];
    const { origin, session } = await connectTo(kind, (socket, received, turn) => {
      sockets.push(socket);
      echo(socket, received, turn);
    });
    const one = ask(session);
    await once(one, 'response');
    one.close(http2.constants.NGHTTP2_CANCEL);
    await origin.closed(0);
    const other = ask(session);
    await once(other, 'response');
    const closed = new Promise((resolve) => other.once('close', resolve));
    sockets[1]?.resetAndDestroy();
    await closed;
    expect(other.rstCode).not.toBe(http2.constants.NGHTTP2_NO_ERROR);
  });

  it('is refused in the words of the origin', async () => {
    const answer = 'HTTP/1.1 403 Forbidden\r\nx-why: 1\r\ncontent-length: 2\r\n\r\nno';
    const { session } = await connectTo(kind, always(answer));
    const stream = ask(session);
    const [head] = await once(stream, 'response');
    expect(head).toMatchObject({ ':status': 403, 'x-why': '1' });
    expect((await stream.toArray()).join('')).toBe('no');
  });

  it.each<[string, Script]>([
    ['does not switch', always('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')],
    [
      'answers another key',
      (socket, received) => void socket.write(switched(received, 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=')),
    ],
  ])('is not open when the origin %s: 502, and its connection ends', async (_what, script) => {
    const { origin, session } = await connectTo(kind, script);
    const stream = ask(session);
    const [head] = await once(stream, 'response');
    expect(head[':status']).toBe(502);
    expect((await stream.toArray()).join('')).toMatch(/^502 UPSTREAM: /);
    expect(origin.received).toHaveLength(1);
  });
});

describe('an extended CONNECT', () => {
  it.each([
    [501, { ':protocol': 'connect-udp' }],
    [400, { 'content-length': '5' }],
  ])('is answered %i with %j, and nothing goes on', async (status, more) => {
    const { origin, session } = await connectTo('one proxy', echo);
    const stream = ask(session, more);
    const [head] = await once(stream, 'response');
    expect(head[':status']).toBe(status);
    expect(origin.connections).toBe(0);
  });
});
