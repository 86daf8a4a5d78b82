import { describe, expect, it } from 'vitest';
import { boundTo, startFile } from '../test/chain.ts';
import { exchange } from '../test/raw-client.ts';
import { always, rawOrigin } from '../test/raw-origin.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** An origin that says how long it keeps connections, and a proxy that may keep them for so long itself. */
async function startWith(keepAlive: string | undefined, settings = '') {
  const field = keepAlive === undefined ? '' : `Keep-Alive: ${keepAlive}\r\n`;
  const origin = await rawOrigin(always(`HTTP/1.1 200 OK\r\n${field}content-length: 2\r\n\r\nok`));
  const proxy = await startFile(`in: http://127.0.0.1:0\nout: ${origin.address}\n${settings}`);
  return { origin, address: boundTo(proxy) };
}

describe('an unused connection to an origin', () => {
  it.each([
    ['timeout=2', ''],
    ['max=100, Timeout=2', ''],
    ['timeout=60', 'idle-timeout: 500\n'],
    [undefined, 'idle-timeout: 500\n'],
  ])('is closed here, before the origin does: %s, %s', async (keepAlive, settings) => {
    const { origin, address } = await startWith(keepAlive, settings);
    await exchange(address, GET);
    // The origin closes nothing by itself: that it ends at all is the proxy's doing.
    await origin.closed(0);
    await exchange(address, GET);
    expect(origin.received).toEqual([GET, GET]);
  });

  it.each([
    ['timeout=1', ''],
    ['timeout=0', ''],
    ['timeout=60', 'idle-timeout: 0\n'],
    [undefined, 'idle-timeout: 0\n'],
  ])('is not kept at all where no time is left: %s, %s', async (keepAlive, settings) => {
    const { origin, address } = await startWith(keepAlive, settings);
    for (let i = 0; i < 3; i++) await exchange(address, GET);
    expect(origin.received).toEqual([GET, GET, GET]);
  });

  it.each([
    ['timeout=60', ''],
    ['timeout=nonsense', ''],
    [undefined, ''],
    [undefined, 'idle-timeout: 60000\n'],
  ])('is used again until then: %s, %s', async (keepAlive, settings) => {
    const { origin, address } = await startWith(keepAlive, settings);
    for (let i = 0; i < 3; i++) await exchange(address, GET);
    expect(origin.received).toEqual([GET.repeat(3)]);
  });
});
