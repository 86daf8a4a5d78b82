import { describe, expect, it } from 'vitest';
import { boundTo, CHAINS, startChain, startFile } from './test/chain.ts';
import { exchange } from './test/raw-client.ts';
import { always, rawOrigin } from './test/raw-origin.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const GET = 'GET / HTTP/1.1\r\nHost: a\r\nX-Request-ID: theirs\r\nX-A: 1\r\n';

/** The values of `x-request-id` that an origin gets, and the rest of the head. */
async function through(settings: string, head: string): Promise<{ ids: string[]; rest: string[] }> {
  const origin = await rawOrigin(always(OK));
  const proxy = await startFile(
    `listeners:\n  - { url: 'http://127.0.0.1:0', ${settings} }\nout: ${origin.address}\n`,
  );
  await exchange(boundTo(proxy), `${head}\r\n`);
  const lines = (origin.received[0] ?? '').trimEnd().split('\r\n');
  const isId = (line: string): boolean => /^x-request-id:/i.test(line);
  return {
    ids: lines.filter(isId).map((line) => line.replace(/^[^:]*: /, '')),
    rest: lines.filter((line) => !isId(line)),
  };
}

describe('request ids', () => {
  it('are passed on as they came, and none is made, where nobody asks for them', async () => {
    expect((await through('get-only: false', GET)).ids).toEqual(['theirs']);
    expect((await through('get-only: false', 'GET / HTTP/1.1\r\nHost: a\r\n')).ids).toEqual([]);
  });

  it('are made anew for clients that are not trusted', async () => {
    const settings = 'request-id: true, trusted: [10.0.0.0/8]';
    const { ids, rest } = await through(settings, `${GET}x-request-id: second\r\n`);
    expect(ids).toEqual([expect.stringMatching(UUID)]);
    expect(rest).toEqual(['GET / HTTP/1.1', 'Host: a', 'X-A: 1']);
  });

  it('of trusted clients stay, and are made where they bring none', async () => {
    const settings = 'request-id: true, trusted: [127.0.0.0/8]';
    expect((await through(settings, GET)).ids).toEqual(['theirs']);
    for (const head of [
      'GET / HTTP/1.1\r\nHost: a\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id:\r\n',
    ]) {
      expect((await through(settings, head)).ids).toEqual([expect.stringMatching(UUID)]);
    }
  });

  it('stand beside the fields that tell of the client', async () => {
    const { ids, rest } = await through('request-id: true, forwarded: [x-forwarded-for]', GET);
    expect(ids).toEqual([expect.stringMatching(UUID)]);
    expect(rest).toContain('x-forwarded-for: 127.0.0.1');
  });

  it('differ from request to request', async () => {
    const { ids: first } = await through('request-id: true', GET);
    const { ids: second } = await through('request-id: true', GET);
    expect(first).not.toEqual(second);
  });
});

describe.each(CHAINS)('the trace context of W3C through %s', (kind) => {
  it('is passed on unchanged, and none is added', async () => {
    const origin = await rawOrigin(always(OK));
    const { address } = await startChain(kind, origin.address);
    const traced = [
      'GET /a HTTP/1.1',
      'Host: a',
      'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      'tracestate: rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
      'tracestate: third=1',
      'baggage: userId=alice,serverNode=DF%2028;prop=1',
    ].join('\r\n');
    await exchange(address, `${traced}\r\n\r\n`);
    await exchange(address, 'GET /b HTTP/1.1\r\nHost: a\r\n\r\n');
    const heads = origin.received.join('').split('\r\n\r\n');
    expect(heads.slice(0, 2)).toEqual([traced, 'GET /b HTTP/1.1\r\nHost: a']);
  });
});
