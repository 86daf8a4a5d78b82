import { once } from 'node:events';
import http2 from 'node:http2';
import { describe, expect, it, onTestFinished } from 'vitest';
import { boundTo, CHAINS, start, startFile } from '../test/chain.ts';
import { fieldBlock, frame, requestFields, TYPE } from '../test/h2-frames.ts';
import { getFrames, headFrames, rawH2Client } from '../test/h2-raw-client.ts';
import { always, type RawOrigin, rawOrigin, type Script } from '../test/raw-origin.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

async function startH2(script: Script, kind = 'one proxy') {
  const origin = await rawOrigin(script);
  const far = await start(['--in', 'teleport://127.0.0.1:0', '--out', origin.address]);
  const out = kind === 'a pair' ? boundTo(far) : origin.address;
  const proxy = await startFile(
    `listeners: [{ url: 'http://127.0.0.1:0', http2: true }]\nout: ${out}\nmax-body: 100\n`,
  );
  return { origin, address: boundTo(proxy) };
}

function connect(address: string): http2.ClientHttp2Session {
  const session = http2.connect(address);
  session.on('error', () => undefined);
  onTestFinished(() => session.destroy());
  return session;
}

async function connections(origin: RawOrigin, count: number): Promise<void> {
  while (origin.connections < count) await new Promise((resolve) => setImmediate(resolve));
}

describe.each(CHAINS)('a response over HTTP/2 through %s', (kind) => {
  it('has the fields of the origin in their order, repeated ones too, and none of its own', async () => {
    const fields =
      'X-A: 1\r\nETag: "a"\r\nContent-Type: a/b\r\nx-a: 2\r\nX-Content-Type-Options: nosniff\r\nETag: "b"\r\nAge: 1\r\nX-Content-Type-Options: nosniff\r\nage: 2\r\n';
    const early =
      'HTTP/1.1 103 Early Hints\r\nAge: 1\r\nLink: </a>\r\nage: 2\r\nLink: </b>\r\n\r\n';
    const { address } = await startH2(
      always(`${early}HTTP/1.1 200 OK\r\n${fields}Content-Length: 2\r\n\r\nok`),
      kind,
    );
    const stream = connect(address).request({ ':path': '/' });
    const informed = once(stream, 'headers');
    const [, , raw] = await once(stream, 'response');
    expect(raw).toEqual([
      ...[':status', '200', 'x-a', '1', 'etag', '"a"', 'content-type', 'a/b', 'x-a', '2'],
      ...['x-content-type-options', 'nosniff', 'etag', '"b"', 'age', '1'],
      ...['x-content-type-options', 'nosniff', 'age', '2', 'content-length', '2'],
    ]);
    expect((await informed)[0]).toMatchObject({ ':status': 103, link: '</a>, </b>' });
    expect((await stream.toArray()).join('')).toBe('ok');
  });

  it.each(['204 No Content', '205 Reset Content', '304 Not Modified'])(
    'of %s ends with its head',
    async (status) => {
      const { address } = await startH2(
        always(`HTTP/1.1 ${status}\r\nx: 1\r\ncontent-length: 0\r\n\r\n`),
        kind,
      );
      const stream = connect(address).request({ ':path': '/' });
      const [head] = await once(stream, 'response');
      expect(head).toMatchObject({ ':status': Number(status.slice(0, 3)), x: '1' });
      expect(await stream.toArray()).toEqual([]);
    },
  );

  it('to HEAD ends with its head, which says what the body would be', async () => {
    const { address } = await startH2(always('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n'), kind);
    const stream = connect(address).request({ ':path': '/', ':method': 'HEAD' });
    const [head] = await once(stream, 'response');
    expect(head).toMatchObject({ ':status': 200, 'content-length': '5' });
    expect(await stream.toArray()).toEqual([]);
  });
});

describe('a request over HTTP/2', () => {
  it('that expects 100 is asked for its body by the origin, or else by the proxy', async () => {
    for (const asks of [true, false]) {
      const { address } = await startH2((socket, received) => {
        if (received.endsWith('\r\n\r\n') && asks) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
        if (received.endsWith('hello')) socket.write(OK);
      });
      const stream = connect(address).request(
        { ':path': '/', ':method': 'PUT', expect: '100-continue', 'content-length': 5 },
        { endStream: false },
      );
      await once(stream, 'continue');
      stream.end('hello');
      const [head] = await once(stream, 'response');
      expect(head[':status']).toBe(200);
    }
  });

  it('that expects something else is answered 417', async () => {
    const { origin, address } = await startH2(always(OK));
    const stream = connect(address).request({ ':path': '/', expect: 'x' });
    const [head] = await once(stream, 'response');
    expect(head[':status']).toBe(417);
    expect(origin.connections).toBe(0);
  });

  it('that goes on behind its answer is told to stop, and its connection serves others', async () => {
    const { origin, address } = await startH2(always(OK));
    const client = await rawH2Client(address);
    const fields = requestFields('/', [['content-length', '1000']], 'POST');
    client.send(headFrames(1, fieldBlock(fields)), frame(TYPE.data, 0, 1, 'x'));
    const answer = await client.got(({ type }) => type === TYPE.data);
    expect(String(answer.payload)).toMatch(/^413 BODY_LIMIT: /);
    const { payload } = await client.got(
      ({ type, stream }) => type === TYPE.rstStream && stream === 1,
    );
    expect(payload.readUInt32BE()).toBe(http2.constants.NGHTTP2_NO_ERROR);
    client.send(getFrames(3, '/other'));
    await client.got(({ type, stream }) => type === TYPE.data && stream === 3);
    expect(origin.received.join('')).toMatch(/^GET \/other /);
  });

  it.each(['while it waits', 'when idle'])(
    'ends with its connection when the client closes that %s',
    async (when) => {
      const { origin, address } = await startH2((socket, received) => {
        if (when === 'when idle' && received.endsWith('\r\n\r\n')) socket.write(OK);
      });
      const client = await rawH2Client(address);
      client.send(getFrames(1, '/'));
      await connections(origin, 1);
      await origin.got((text) => text.endsWith('\r\n\r\n'));
      if (when === 'when idle') await client.got(({ type }) => type === TYPE.data);
      client.end();
      await client.closed();
      if (when === 'while it waits') await origin.closed();
    },
  );
});
