import { expect, it } from 'vitest';
import { boundTo, CHAINS, type ChainKind, start, startFile } from '../test/chain.ts';
import { FLAG, fieldBlock, frame, TYPE } from '../test/h2-frames.ts';
import { getFrames, headFrames, rawH2Client } from '../test/h2-raw-client.ts';
import { ORIGIN_NAMES, RECORDING_ORIGINS, type StartRecording } from '../test/recording-origins.ts';

type Fields = readonly (readonly [string, string])[];

/** A request over HTTP/2 that hides another from who reads it in HTTP/1.1. */
interface Shape {
  readonly fields: Fields;
  readonly body: string;
  readonly trailers?: Fields;
}

const HIDDEN = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
const CHUNKED = `0\r\n\r\n${HIDDEN}`;
const PSEUDO = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/shape'],
  [':authority', 'a'],
] as const;

/** What stands in a field that would be several lines, or another request, in HTTP/1.1. */
const LINES = [
  ...['x\r\nTransfer-Encoding: chunked', 'x\nTransfer-Encoding: chunked', 'x\rContent-Length: 0'],
  ...[`x\r\n\r\n${HIDDEN}`, `x\n\n${HIDDEN}`, 'x\0y', '\r\nx', 'x\r\n', ' x', '\tx'],
];

const SHAPES: readonly Shape[] = [
  // A length that is not that of the body (H2.CL), or a coding (H2.TE).
  ...['0', '5', '1000', '+5', '-1', '0x5', '', '5, 5', '5 ', '99999999999999999999'].map(
    (length) => ({
      fields: [...PSEUDO, ['content-length', length]] as const,
      body: CHUNKED,
    }),
  ),
  { fields: [...PSEUDO, ['content-length', '0'], ['content-length', '5']], body: CHUNKED },
  ...['chunked', 'Chunked', 'identity', 'gzip, chunked', 'xchunked', ''].flatMap((coding) => [
    { fields: [...PSEUDO, ['transfer-encoding', coding]] as const, body: CHUNKED },
    {
      fields: [
        ...PSEUDO,
        ['content-length', `${CHUNKED.length}`],
        ['transfer-encoding', coding],
      ] as const,
      body: CHUNKED,
    },
  ]),
  ...['Transfer-Encoding', 'transfer-encoding ', ' transfer-encoding', 'transfer-encoding\t'].map(
    (name) => ({ fields: [...PSEUDO, [name, 'chunked']] as const, body: CHUNKED }),
  ),
  ...[
    'transfer-encoding: chunked\r\nx',
    'x: y\r\ntransfer-encoding',
    'x\r\n\r\nGET /smuggled',
    'x:',
  ].map((name) => ({ fields: [...PSEUDO, [name, 'chunked']] as const, body: CHUNKED })),
  ...LINES.map((value) => ({ fields: [...PSEUDO, ['x', value]] as const, body: CHUNKED })),
  ...LINES.map((value) => ({ fields: [...PSEUDO, ['cookie', value]] as const, body: CHUNKED })),
  // In what makes the first line and Host.
  ...[':method', ':path', ':scheme', ':authority'].flatMap((name) =>
    [
      ' x',
      ' HTTP/1.1\r\nTransfer-Encoding: chunked\r\nX: ',
      `\r\n\r\n${HIDDEN}`,
      '\n',
      '\0',
      '\t',
    ].map((more) => ({
      fields: PSEUDO.map(([one, value]) => [one, one === name ? value + more : value] as const),
      body: CHUNKED,
    })),
  ),
  ...[':method', ':path', ':authority', ':foo', ':status'].map((name) => ({
    fields: [...PSEUDO, [name, '/smuggled']] as const,
    body: '',
  })),
  ...[':method', ':scheme', ':path'].map((name) => ({
    fields: PSEUDO.filter(([one]) => one !== name),
    body: '',
  })),
  { fields: [['x', 'y'], ...PSEUDO], body: '' },
  { fields: PSEUDO.map(([one, value]) => [one, one === ':path' ? 'smuggled' : value]), body: '' },
  { fields: PSEUDO.map(([one, value]) => [one, one === ':path' ? '' : value]), body: '' },
  ...['host', 'connection', 'keep-alive', 'proxy-connection', 'upgrade', 'te', 'expect'].map(
    (name) => ({
      fields: [...PSEUDO, [name, 'content-length']] as const,
      body: CHUNKED,
    }),
  ),
  { fields: [...PSEUDO, ['host', 'b'], ['host', 'c']], body: CHUNKED },
  // Behind the body.
  ...['content-length', 'transfer-encoding', 'host', ':path', 'X', 'x\r\ny'].map((name) => ({
    fields: PSEUDO,
    body: CHUNKED,
    trailers: [[name, 'chunked']] as const,
  })),
  ...LINES.map((value) => ({ fields: PSEUDO, body: CHUNKED, trailers: [['x', value]] as const })),
];

/** The frames of a shape on stream 1; `shape` is the path of its number. */
function framesOf({ fields, body, trailers }: Shape, number: number): Buffer {
  const named = fields.map(
    ([name, value]) => [name, value.replace('/shape', `/shape${number}`)] as const,
  );
  const end = FLAG.endStream;
  return Buffer.concat([
    headFrames(1, fieldBlock(named)),
    frame(TYPE.data, trailers === undefined ? end : 0, 1, body),
    ...(trailers === undefined ? [] : [headFrames(1, fieldBlock(trailers), end)]),
  ]);
}

async function run(kind: ChainKind, begin: StartRecording): Promise<unknown[]> {
  const origin = await begin();
  const far = await start(['--in', 'teleport://127.0.0.1:0', '--out', origin.address]);
  const out = kind === 'a pair' ? boundTo(far) : origin.address;
  const near = await startFile(
    `listeners: [{ url: 'http://127.0.0.1:0', http2: true }]\nout: ${out}\n`,
  );
  const isOver = (id: number) => (one: { type: number; flags: number; stream: number }) =>
    one.stream === id && (one.type === TYPE.rstStream || (one.flags & FLAG.endStream) !== 0);
  await Promise.all(
    SHAPES.map(async (shape, number) => {
      const client = await rawH2Client(boundTo(near));
      client.send(framesOf(shape, number));
      await client.got(isOver(1)).catch(() => undefined);
      client.send(getFrames(3, `/marker${number}`));
      await client.got(isOver(3)).catch(() => undefined);
      client.destroy();
    }),
  );
  const seen = await origin.seen();
  const passed = seen.filter(
    ({ target, body }) => target.startsWith('/shape') && body !== undefined,
  );
  expect(passed.length).toBeGreaterThan(10);
  const problems: unknown[] = seen.filter(({ target }) => !/^\/(?:shape|marker)\d+$/.test(target));
  for (const [number, { body }] of SHAPES.entries()) {
    const own = seen.filter(({ target }) => target === `/shape${number}`);
    const markers = seen.filter(({ target }) => target === `/marker${number}`);
    const isRight = own.length <= 1 && own.every((one) => [body, undefined].includes(one.body));
    if (!isRight || markers.length > 1) problems.push({ shape: SHAPES[number], own, markers });
  }
  return problems;
}

it.each(CHAINS)(
  `what hides a request in one over HTTP/2 is refused, or one request, behind %s to ${ORIGIN_NAMES}`,
  async (kind) => {
    const problems: unknown[] = [];
    for (const { name, begin } of RECORDING_ORIGINS) {
      problems.push(...(await run(kind, begin)).map((one) => [name, one]));
    }
    expect(problems).toEqual([]);
  },
);
