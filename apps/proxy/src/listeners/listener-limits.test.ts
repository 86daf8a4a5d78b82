import { describe, expect, it } from 'vitest';
import { stats } from '../admin/stats.ts';
import { boundTo, startFile } from '../test/chain.ts';
import { exchange, hasWholeResponse, rawClient } from '../test/raw-client.ts';
import { always, rawOrigin } from '../test/raw-origin.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** Where HTTP comes in to a listener with these settings: itself, or a proxy with a link to it. */
async function startWith(scheme: string, settings: string, out: string) {
  const limited = await startFile(
    `listeners: [{ url: '${scheme}://127.0.0.1:0', ${settings} }]\nout: ${out}\n`,
  );
  if (scheme === 'http') return { limited, address: boundTo(limited) };
  const near = await startFile(`in: http://127.0.0.1:0\nout: ${boundTo(limited)}\n`);
  return { limited, address: boundTo(near) };
}

describe.each(['http', 'teleport'])('a listener of %s', (scheme) => {
  it('answers 431 to a head beyond max-head', async () => {
    const origin = await rawOrigin(always(OK));
    const { address } = await startWith(scheme, 'max-head: 2000', origin.address);
    const head = (bytes: number) =>
      GET.replace('\r\n\r\n', `\r\nX-A: ${'a'.repeat(bytes)}\r\n\r\n`);
    expect(await exchange(address, head(1_500))).toBe(OK);
    expect(await exchange(address, head(2_500))).toMatch(/^HTTP\/1\.1 431 /);
    expect(origin.received.join('')).not.toContain('a'.repeat(2_000));
  });

  it('answers 503 and says when to come back when max-requests wait', async () => {
    let answer = (): void => undefined;
    const origin = await rawOrigin((socket) => {
      answer = () => void socket.write(OK);
    });
    const { limited, address } = await startWith(scheme, 'max-requests: 1', origin.address);
    const first = await rawClient(address);
    first.write(GET);
    await origin.got((text) => text.endsWith('\r\n\r\n'));
    const refused = await exchange(address, GET);
    expect(refused).toMatch(/^HTTP\/1\.1 503 .*Retry-After: [12]\r\n.*503 OVERLOADED: /s);
    expect(stats(limited).limitHits).toMatchObject({ maxRunningHandlers: expect.any(Number) });
    expect(origin.connections).toBe(1);
    answer();
    expect(await first.got(hasWholeResponse)).toBe(OK);
    const next = exchange(address, GET);
    await origin.got((text) => text.split('\r\n\r\n').length === 3);
    answer();
    expect(await next).toBe(OK);
  });

  it('shares its port with another process when both say reuse-port', async () => {
    const origin = await rawOrigin(always(OK));
    const shared = (port: string) =>
      startFile(
        `listeners: [{ url: '${scheme}://127.0.0.1:${port}', reuse-port: true }]\nout: ${origin.address}\n`,
      );
    const port = new URL(boundTo(await shared('0'))).port;
    expect(boundTo(await shared(port))).toBe(`${scheme}://127.0.0.1:${port}`);
    const alone = startFile(`in: ${scheme}://127.0.0.1:${port}\nout: ${origin.address}\n`);
    await expect(alone).rejects.toThrow('EADDRINUSE');
  });
});
