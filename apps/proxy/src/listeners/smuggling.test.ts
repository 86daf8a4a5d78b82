import { describe, expect, it } from 'vitest';
import { boundTo, CHAINS, type ChainKind, start, startChain } from '../test/chain.ts';
import { hasWholeResponse, rawClient } from '../test/raw-client.ts';
import { rawOrigin } from '../test/raw-origin.ts';
import {
  ORIGIN_NAMES,
  RECORDING_ORIGINS,
  type SeenRequest,
  type StartRecording,
} from '../test/recording-origins.ts';
import { SMUGGLING_SHAPES, type SmugglingShape } from '../test/smuggling-shapes.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const MARKER = 'GET /marker### HTTP/1.1\r\nHost: a\r\n\r\n';

/** Sends a shape and a request behind it; resolves with what came, when both are answered or it was closed. */
async function send(address: string, bytes: string): Promise<{ text: string; isClosed: boolean }> {
  const client = await rawClient(address);
  client.write(bytes);
  const both = client.got((text) => {
    const second = text.indexOf('HTTP/1.1 ', 9);
    return second > 0 && hasWholeResponse(text.slice(second));
  });
  await Promise.race([both.catch(() => undefined), client.closed()]);
  const { received, ending } = client;
  client.destroy();
  return { text: received, isClosed: ending !== undefined };
}

/** Sends every shape at once to one origin, and finds what is wrong with what it saw. */
async function run(kind: ChainKind, begin: StartRecording) {
  const origin = await begin();
  const { address } = await startChain(kind, origin.address);
  const numbered = SMUGGLING_SHAPES.map((shape, i) => ({ ...shape, number: `${i + 100}` }));
  const answers = await Promise.all(
    numbered.map(({ bytes, number }) =>
      send(address, `${bytes}${MARKER}`.replaceAll('###', number)),
    ),
  );
  const seen = await origin.seen();
  const problems = numbered.flatMap((shape, i) => {
    const { text = '', isClosed = false } = answers[i] ?? {};
    const own = seen.filter(({ target }) => target.endsWith(shape.number));
    const why = problemOf(shape, own, text, isClosed);
    return why === undefined ? [] : [{ name: shape.name, why, own, text, isClosed }];
  });
  return { seen, problems };
}

function problemOf(
  { passes, isLast = false, number }: SmugglingShape & { readonly number: string },
  own: readonly SeenRequest[],
  text: string,
  isClosed: boolean,
): string | undefined {
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d)\d\d /g)].map(([, digit]) => digit).join('');
  const targets = own.map(({ target }) => target).toSorted();
  if (passes === undefined) {
    // Its head may have gone on before its body turned out to be wrong.
    if (own.some(({ body }) => body !== undefined)) return 'it was seen as a whole request';
    if (targets.length > 1) return 'it was seen as several';
    return isClosed && /^[45]?$/.test(statuses) ? undefined : 'it was not refused';
  }
  const expected = isLast ? [`/shape${number}`] : [`/marker${number}`, `/shape${number}`];
  if (targets.join() !== expected.join()) return `not seen as ${expected.join()}`;
  const shape = own.find(({ target }) => target === `/shape${number}`);
  // An origin may refuse what it has seen, for reasons of its own.
  if (shape?.body === undefined) return /^4/.test(statuses) ? undefined : 'it was refused';
  if (shape.body !== passes.replaceAll('###', number)) return 'it has another body';
  if (isLast) return isClosed && statuses === '2' ? undefined : 'it is not the last';
  return statuses === '22' ? undefined : 'it was not answered';
}

describe('bytes in which two readers could see different requests', () => {
  it('come in more than 200 shapes, each once', () => {
    const shapes = SMUGGLING_SHAPES.map(({ bytes }) => bytes);
    expect(new Set(shapes).size).toBe(shapes.length);
    expect(shapes.length).toBeGreaterThanOrEqual(200);
  });

  it.each(CHAINS)(
    `are refused, or exactly one request, behind %s to ${ORIGIN_NAMES}`,
    async (kind) => {
      const found = await Promise.all(
        RECORDING_ORIGINS.map(async ({ name, begin }) => ({ name, ...(await run(kind, begin)) })),
      );
      expect(found.flatMap(({ name, problems }) => problems.map((one) => [name, one]))).toEqual([]);
      // Nothing else: what a request hid, or what has no target that can be told.
      const known = /^\/(?:shape|marker)\d{3}$/;
      const others = found.flatMap(({ seen }) => seen.filter(({ target }) => !known.test(target)));
      expect(others).toEqual([]);
    },
  );

  it.each([
    'nonsense\r\n\r\n',
    'GET /smuggled HTTP/1.1\nHost: a\n\n',
    'POST /smuggled HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n',
    'GET /smuggled HTTP/1.1\r\n\r\n',
  ])('leave the request before them its own answer, then end the connection: %j', async (bytes) => {
    const origin = await rawOrigin((socket) => setImmediate(() => socket.write(OK)));
    const proxy = await start(['--in', 'http://127.0.0.1:0', '--out', origin.address]);
    const client = await rawClient(boundTo(proxy));
    client.write(`GET /first HTTP/1.1\r\nHost: a\r\n\r\n${bytes}${MARKER}`);
    const text = await client.closed();
    expect(text).toMatch(
      /^HTTP\/1\.1 200 OK\r\ncontent-length: 2\r\n(?:Connection: close\r\n)?\r\nok/,
    );
    expect(text.slice(text.indexOf('ok') + 2)).toMatch(/^$|^HTTP\/1\.1 [45]/);
    expect(origin.received).toEqual(['GET /first HTTP/1.1\r\nHost: a\r\n\r\n']);
  });
});
