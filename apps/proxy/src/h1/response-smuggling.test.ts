import { describe, expect, it } from 'vitest';
import { CHAINS, startChain } from '../test/chain.ts';
import { exchange, hasWholeResponse, rawClient } from '../test/raw-client.ts';
import { rawOrigin } from '../test/raw-origin.ts';

/** What an origin answers, and what its client may get of it. */
interface Shape {
  readonly bytes: string;
  /** The body of the one answer that it is; undefined for what is no answer. */
  readonly body: string | undefined;
  readonly method?: string;
}

/** What must never be anybody's answer. */
const EVIL = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil';
const HEX = EVIL.length.toString(16);
const CHUNKED = `${HEX}\r\n${EVIL}\r\n0\r\n\r\n`;
const HIDING = `0\r\n\r\n${EVIL}`;
const LENGTH = `Content-Length: ${HIDING.length}`;

function ok(fields: string, body: string): string {
  return `HTTP/1.1 200 OK\r\n${fields}\r\n\r\n${body}`;
}

function none(...all: string[]): Shape[] {
  return all.map((bytes) => ({ bytes, body: undefined }));
}

/** An answer as it should be, behind which comes more than anybody asked for. */
const TOO_MUCH: readonly Shape[] = [
  { bytes: ok('Content-Length: 2', 'ok'), body: 'ok' },
  { bytes: ok('Content-Length: 0', ''), body: '' },
  { bytes: ok('Transfer-Encoding: chunked', '2\r\nok\r\n0\r\n\r\n'), body: 'ok' },
  { bytes: ok('Transfer-Encoding: chunked', '2\r\nok\r\n0\r\nX: y\r\n\r\n'), body: 'ok' },
  { bytes: 'HTTP/1.1 204 No Content\r\n\r\n', body: '' },
  { bytes: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n', body: '' },
  { bytes: ok('Content-Length: 4', ''), body: '', method: 'HEAD' },
  { bytes: ok('Transfer-Encoding: chunked', ''), body: '', method: 'HEAD' },
  { bytes: `HTTP/1.1 103 Early Hints\r\n\r\n${ok('Content-Length: 2', 'ok')}`, body: 'ok' },
];

const FRAMING = [
  ...['Content-Length: +5', 'Content-Length: -5', 'Content-Length: 0x5', 'Content-Length: 5 5'],
  ...['Content-Length: 5, 5', 'Content-Length:', 'Content-Length: 5;', 'Content-Length: 5.0'],
  ...['Content-Length: 99999999999999999999', 'Content-Length: \x0b5', 'Content-Length : 5'],
  ...['Content-Length: 5\r\nContent-Length: 5', `Content-Length: 5\r\n${LENGTH}`],
  ...[' Content-Length: 5', 'X: y\r\n Content-Length: 5', 'X: y\nContent-Length: 5', 'X: y\rZ: z'],
  ...['Content-Length\0: 5', 'X: \0', 'X Y: z', ': z', 'nonsense', 'X: a\x7f'],
  ...['Transfer-Encoding: gzip', 'Transfer-Encoding: gzip, chunked', 'Transfer-Encoding: identity'],
  ...['Transfer-Encoding: chunked, gzip', 'Transfer-Encoding: xchunked', 'Transfer-Encoding:'],
  ...['Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', 'Transfer-Encoding : chunked'],
  ...[
    'Transfer-Encoding:\x0bchunked',
    'Transfer-Encoding: "chunked"',
    'Transfer-Encoding: chu nked',
  ],
];

const SIZES = [
  ...[
    `+${HEX}`,
    `-${HEX}`,
    `0x${HEX}`,
    ` ${HEX}`,
    `\t${HEX}`,
    `${HEX} ${HEX}`,
    `${HEX}\0`,
    `${HEX}h`,
  ],
  ...[
    '',
    'g',
    ';a',
    `"${HEX}"`,
    `${HEX};a\nb`,
    `${HEX};a\0b`,
    `${HEX}\n`,
    `${HEX}\r`,
    'f'.repeat(17),
  ],
];

const ENDS = [
  '5\r\nabcdef\r\n0\r\n\r\n',
  '5\r\nabcd\r\n0\r\n\r\n',
  '5\r\nabcde0\r\n\r\n',
  '5\r\nabcde\n0\r\n\r\n',
  '5\r\nabcde\r\n\r\n0\r\n\r\n',
  '5\nabcde\r\n0\r\n\r\n',
  '5\r\nabcde\r\n0\n\n',
  '0\r\nX : y\r\n\r\n',
  '0\r\nX: y\r\n z\r\n\r\n',
  '0\r\nX: y\nZ: z\r\n\r\n',
  '0\r\nnonsense\r\n\r\n',
];

const SHAPES: readonly Shape[] = [
  ...TOO_MUCH.map((shape) => ({ ...shape, bytes: `${shape.bytes}${EVIL}` })),
  ...none(
    ok(`${LENGTH}\r\nTransfer-Encoding: chunked`, HIDING),
    ok(`Transfer-Encoding: chunked\r\n${LENGTH}`, HIDING),
    ok(`Transfer-Encoding: chunked\r\n${LENGTH}`, CHUNKED),
    ok('Content-Length: 0\r\nTransfer-Encoding: chunked', CHUNKED),
    ...FRAMING.map((fields) => ok(fields, `abcde${EVIL}`)),
    ...SIZES.map((size) => ok('Transfer-Encoding: chunked', `${size}\r\n${EVIL}\r\n0\r\n\r\n`)),
    ...ENDS.map((end) => ok('Transfer-Encoding: chunked', `${end}${EVIL}`)),
    `HTTP/1.1 100 Continue\r\n\r\n`.repeat(40) + EVIL,
    `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n`.repeat(40) + EVIL,
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n${EVIL}`,
    `HTTP/1.1 103 Early Hints\r\nContent-Length: 4\r\n\r\nabcd${EVIL}`,
    `HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKED}${EVIL}`,
    `HTTP/1.1 99 No\r\n\r\n${EVIL}`,
    `HTTP/1.1 600 No\r\n\r\n${EVIL}`,
    `HTTP/1.1 2000 No\r\n\r\n${EVIL}`,
    `HTTP/1.1 2x0 No\r\n\r\n${EVIL}`,
    `HTTP/1.1\r\n\r\n${EVIL}`,
    `HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n${EVIL}`,
    `HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n${EVIL}`,
    `HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n${EVIL}`,
    `HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n${EVIL}`,
    ` HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n${EVIL}`,
    `\r\n\r\n${EVIL}`,
    `nonsense\r\n\r\n${EVIL}`,
    `evil${EVIL}`,
    `\0${EVIL}`,
    `HTTP/1.1 200 OK\nContent-Length: 0\n\n${EVIL}`,
    `HTTP/1.1 200 OK\r\nContent-Length: 0\n\r\n${EVIL}`,
    `GET / HTTP/1.1\r\nHost: a\r\n\r\n${EVIL}`,
  ),
];

/** How far text is one response, 1xx heads before it, by its own framing. */
function isOneResponse(text: string, method: string): boolean {
  const heads = /^(?:HTTP\/1\.1 1\d\d (?:(?!\r\n\r\n).)*\r\n\r\n)*/s.exec(text)?.[0] ?? '';
  const rest = text.slice(heads.length);
  if (method === 'HEAD') return rest.indexOf('\r\n\r\n') === rest.length - 4;
  return hasWholeResponse(rest) && !hasWholeResponse(rest.slice(0, -1));
}

describe.each(CHAINS)('what an origin answers wrongly, through %s', (kind) => {
  it('is one answer or none, of whom it is for, wherever it is cut', async () => {
    expect(new Set(SHAPES.map(({ bytes }) => bytes)).size).toBe(SHAPES.length);
    const problems: unknown[] = [];
    for (const isCut of [false, true]) {
      const origin = await rawOrigin((socket, received) => {
        const [, kindOf = '', number = ''] =
          /\/(shape|victim)(\d+) HTTP\/1\.1\r\n(?:[^\r]+\r\n)+\r\n$/.exec(received) ?? [];
        const own = `victim ${number}`;
        const { bytes = '' } = SHAPES[Number(number)] ?? {};
        if (kindOf === 'victim') socket.write(ok(`Content-Length: ${own.length}`, own));
        else if (isCut) {
          const at = bytes.lastIndexOf(EVIL);
          socket.write(bytes.slice(0, at), 'latin1', () => socket.write(EVIL));
        } else socket.write(bytes, 'latin1');
      });
      // One connection: whoever comes next would be answered by what was left on it.
      const { address } = await startChain(kind, origin.address, ['--connections', '1']);
      for (const [number, { bytes, body, method = 'GET' }] of SHAPES.entries()) {
        const client = await rawClient(address);
        client.write(`${method} /shape${number} HTTP/1.1\r\nHost: a\r\n\r\n`);
        await client.got((text) => isOneResponse(text, method)).catch(() => undefined);
        // Nothing that came unasked is left for others: its connection is closed for it.
        await origin.closed(origin.connections - 1);
        const victim = await exchange(
          address,
          `GET /victim${number} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
        );
        const own = `victim ${number}`;
        const { received, ending } = client;
        client.destroy();
        const isRight =
          body === undefined
            ? received === '' || ending !== undefined || / 502 /.test(received)
            : isOneResponse(received, method) && / (?:200|204|304) /.test(received);
        const isOther = body !== undefined && method !== 'HEAD' && !received.includes(body);
        const evil = received.includes('evil') || !victim.endsWith(`\r\n\r\n${own}`);
        if (!isRight || isOther || evil) problems.push({ isCut, bytes, received, victim });
      }
    }
    expect(problems).toEqual([]);
  });
});
