import { describe, expect, it } from 'vitest';
import { boundTo, start, startFile } from '../test/chain.ts';
import { fieldBlock, frame, requestFields, TYPE } from '../test/h2-frames.ts';
import { headFrames, rawH2Client } from '../test/h2-raw-client.ts';
import { hasWholeResponse, rawClient } from '../test/raw-client.ts';
import { type RawOrigin, rawOrigin } from '../test/raw-origin.ts';
import { strictRequests } from '../test/strict-requests.ts';

type Fields = readonly (readonly [string, string])[];

/** One request, to be sent in both versions. */
interface Sample {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly fields: Fields;
  /** Its pieces; undefined where there is no body. */
  readonly body?: readonly string[];
  readonly trailers?: Fields;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'];
const PATHS = [
  ...[
    '/',
    '/a/b/',
    '//',
    '/a//b',
    '/../a',
    '/%2e%2e/a',
    '/a%00b',
    '/%zz',
    '/a;b=c',
    '/?',
    '/?a=b&c',
  ],
  ...[
    '/a?b?c',
    '/a#b',
    '/"',
    '/a\\b',
    '/a|b',
    '/{a}',
    '/http://b/',
    '/\xe9',
    `/${'a'.repeat(5_000)}`,
  ],
];
const FIELDS: readonly Fields[] = [
  [
    ['x-a', '1'],
    ['x-b', '2'],
    ['x-a', '3'],
  ],
  [
    ['b', '2'],
    ['a', '1'],
    ['c', '3'],
  ],
  [['x', '']],
  [['x', 'a b\tc']],
  [['x', '\xe9\xff']],
  [['x', `"a", 'b'; \\c`]],
  [['x', 'v'.repeat(16_000)]],
  [["!#$%&'*+-.^_`|~09az", '1']],
  [
    ['__proto__', '1'],
    ['constructor', '2'],
    ['tostring', '3'],
  ],
  [['cookie', 'a=1; b=2']],
  [
    ['accept-encoding', 'gzip, br'],
    ['accept', '*/*'],
    ['user-agent', 'x'],
  ],
  [
    ['user-agent', 'x'],
    ['user-agent', 'y'],
  ],
  [['te', 'trailers']],
  [['authorization', 'Bearer abc']],
  [['forwarded', 'for=192.0.2.1']],
  [
    ['x-forwarded-for', '192.0.2.1'],
    ['x-forwarded-proto', 'ftp'],
    ['x-real-ip', '192.0.2.2'],
  ],
  [['x-request-id', 'mine']],
  [['x-tp-remaining-ms', '5']],
  [['content-length', '0']],
  [
    ['traceparent', '00-1-2-3'],
    ['range', 'bytes=0-1'],
    ['if-match', '"a"'],
    ['if-match', '"b"'],
  ],
  Array.from({ length: 99 }, (_one, i) => [`x${i}`, `${i}`] as const),
];
const BODIES: readonly (readonly string[])[] = [
  [''],
  ['hello'],
  ['a', 'b', 'c'],
  ['GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['x'.repeat(16_384), 'y'.repeat(16_384), 'z'.repeat(10_000)],
];

const SAMPLES: readonly Sample[] = [
  ...METHODS.map((method) => ({ name: method, method, path: '/m', fields: [] })),
  ...PATHS.map((path) => ({ name: path.slice(0, 20), method: 'GET', path, fields: [] })),
  ...FIELDS.map((fields) => ({
    name: JSON.stringify(fields).slice(0, 40),
    ...{ method: 'GET', path: '/f', fields },
  })),
  ...BODIES.flatMap((body) => {
    const length = `${body.join('').length}`;
    const name = JSON.stringify(body).slice(0, 30);
    const post = { method: 'POST', path: '/b', body };
    return [
      { ...post, name: `${name} of its length`, fields: [['content-length', length]] as const },
      { ...post, name: `${name} of no length`, fields: [['x', 'y']] as const },
      { ...post, name: `${name} with trailers`, fields: [], trailers: [['x-sum', '9']] as const },
    ];
  }),
];

/** The request as HTTP/1.1 has it. */
function text({ method, path, fields, body, trailers = [] }: Sample): string {
  const chunked = body !== undefined && !fields.some(([name]) => name === 'content-length');
  const lines = (list: Fields): string =>
    list.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const connection: Fields = fields.some(([name]) => name === 'te') ? [['connection', 'te']] : [];
  const coding: Fields = chunked ? [['transfer-encoding', 'chunked']] : [];
  const head = `${method} ${path} HTTP/1.1\r\nhost: a\r\n${lines([...fields, ...connection, ...coding])}\r\n`;
  if (!chunked) return head + (body ?? []).join('');
  const chunks = body
    .filter((piece) => piece !== '')
    .map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`);
  return `${head}${chunks.join('')}0\r\n${lines(trailers)}\r\n`;
}

/** The request as HTTP/2 has it. */
function frames({ method, path, fields, body, trailers }: Sample): Buffer {
  const end = 1;
  const head = headFrames(
    1,
    fieldBlock(requestFields(path, fields, method)),
    body === undefined ? end : 0,
  );
  const pieces = (body ?? []).map((piece, i) => {
    const isLast = trailers === undefined && i === (body ?? []).length - 1;
    return frame(TYPE.data, isLast ? end : 0, 1, piece);
  });
  const behind = trailers === undefined ? [] : [headFrames(1, fieldBlock(trailers), end)];
  return Buffer.concat([head, ...pieces, ...behind]);
}

/** What came to the origin, the framing of chunks aside: head, body and trailers. */
function comparable(received: string): unknown {
  const end = received.indexOf('\r\n\r\n') + 4;
  const [one] = strictRequests(received).requests;
  return {
    // The one says it as its hop has it, the other adds it.
    head: received.slice(0, end).replaceAll(/transfer-encoding: /gi, 'transfer-encoding: '),
    body: one?.body,
    trailers: /\r\n0\r\n(.*)\r\n$/s.exec(received.slice(end - 2))?.[1],
  };
}

interface Side {
  readonly address: string;
  readonly origin: RawOrigin;
}

/** An origin that takes one request a connection, and what stands before it. */
async function startSide(kind: string, settings: string): Promise<Side> {
  const origin = await rawOrigin((socket, received) => {
    // The framing of requests is that of responses.
    if (!hasWholeResponse(received)) return;
    const body = received.startsWith('HEAD ') ? '' : 'ok';
    socket.write(`HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n${body}`);
  });
  const far = await start(['--in', 'teleport://127.0.0.1:0', '--out', origin.address]);
  const out = kind === 'a pair' ? boundTo(far) : origin.address;
  const near = await startFile(
    `listeners: [{ url: 'http://127.0.0.1:0', http2: true, ${settings} }]\nout: ${out}\n`,
  );
  return { address: boundTo(near), origin };
}

async function overHttp1({ address, origin }: Side, sample: Sample): Promise<unknown> {
  const before = origin.connections;
  const client = await rawClient(address);
  client.write(text(sample));
  const got = await client.got(
    (all) => hasWholeResponse(all) || (sample.method === 'HEAD' && all.endsWith('\r\n\r\n')),
  );
  client.destroy();
  return {
    status: got.slice(9, 12) === '200' ? '200' : 'other',
    origin: origin.received.slice(before).map(comparable),
  };
}

async function overHttp2({ address, origin }: Side, sample: Sample): Promise<unknown> {
  const before = origin.connections;
  const client = await rawH2Client(address);
  client.send(frames(sample));
  const { type, payload } = await client.got((frame) => frame.stream === 1);
  client.destroy();
  // 0x88 is `:status: 200` in the static table.
  const status = type === TYPE.headers && payload[0] === 0x88 ? '200' : 'other';
  return { status, origin: origin.received.slice(before).map(comparable) };
}

describe('a request', () => {
  it('comes in 60 kinds and more', () => {
    expect(SAMPLES.length).toBeGreaterThan(60);
  });

  it.each([
    ['one proxy', ''],
    [
      'one proxy that tells of its clients',
      'forwarded: [x-forwarded-for, x-forwarded-host, forwarded]',
    ],
    ['a pair', ''],
  ])('is the same at the origin over HTTP/2 and over HTTP/1.1: %s', async (kind, settings) => {
    const [one, two] = [await startSide(kind, settings), await startSide(kind, settings)];
    const problems: unknown[] = [];
    for (const sample of SAMPLES) {
      const seen = [await overHttp1(one, sample), await overHttp2(two, sample)];
      if (JSON.stringify(seen[0]) !== JSON.stringify(seen[1]))
        problems.push([sample.name, ...seen]);
    }
    expect(problems).toEqual([]);
  });
});
