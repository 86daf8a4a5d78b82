import { describe, expect, it } from 'vitest';
import { CHAINS, startChain } from './test/chain.ts';
import { exchange } from './test/raw-client.ts';
import { type RawOrigin, rawOrigin } from './test/raw-origin.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** An origin that hangs up on the first request that has come whole, and answers all others. */
function failingOnce(): Promise<RawOrigin> {
  return rawOrigin((socket, received, turn) => {
    if (!/\r\n\r\n(?:order)?$/.test(received)) return;
    if (turn === 0) socket.destroy();
    else socket.write(OK);
  });
}

const head = (method: string, more = '') => `${method} /thing HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
const POST = `${head('POST', 'content-length: 5\r\n')}order`;

describe.each(CHAINS)('an origin that hangs up, behind %s', (kind) => {
  it.each([
    ['POST', POST],
    ['PATCH', `${head('PATCH', 'content-length: 5\r\n')}order`],
  ])('gets a %s once', async (_method, request) => {
    const origin = await failingOnce();
    const { address, near } = await startChain(kind, origin.address);
    expect(await exchange(address, request)).toMatch(/^HTTP\/1\.1 502 /);
    expect(await exchange(address, head('GET'))).toMatch(/^HTTP\/1\.1 200 /);
    expect(origin.received.join('').match(/^(?:POST|PATCH) /gm)).toHaveLength(1);
    await near.close();
  });
});

describe('an origin that hangs up, behind a pair', () => {
  it.each([
    ['GET', head('GET')],
    ['DELETE', head('DELETE')],
    ['PUT', `${head('PUT', 'content-length: 5\r\n')}order`],
  ])('gets a %s again from the near proxy (RFC 9110 section 9.2.2)', async (method, request) => {
    const origin = await failingOnce();
    const { address } = await startChain('a pair', origin.address);
    expect(await exchange(address, request)).toMatch(/^HTTP\/1\.1 200 /);
    expect(origin.received.filter((text) => text.startsWith(`${method} `))).toHaveLength(2);
  });

  it('is not asked again by somebody who has had the head', async () => {
    const origin = await rawOrigin((socket) =>
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 200000\r\n\r\nonly this'),
    );
    const { address } = await startChain('a pair', origin.address);
    await exchange(address, head('GET', 'connection: close\r\n')).catch(() => '');
    expect(origin.connections).toBe(1);
  });
});
