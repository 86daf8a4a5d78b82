import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { boundTo, CHAINS, start, startChain } from './test/chain.ts';
import { listenLocal } from './test/listen-local.ts';

/** A pattern that repeats at no power of two, so that swapped pieces are seen. */
const PIECE = Buffer.from(Array.from({ length: 65_521 }, (_, index) => (index * 7) % 251));

function* pieces(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= PIECE.length) yield PIECE.subarray(0, left);
}

function digest(bytes: number): string {
  const hash = createHash('sha256');
  for (const piece of pieces(bytes)) hash.update(piece);
  return hash.digest('hex');
}

/** GET /N answers with N bytes of the pattern; anything else is answered with a digest of its body. */
async function nodeOrigin(): Promise<string> {
  const server = http.createServer(async (request, response) => {
    const size = Number(request.url?.split('/')[1]?.split('?')[0]);
    if (request.method === 'GET') {
      if (request.url?.endsWith('?declared')) response.setHeader('Content-Length', size);
      for (const piece of pieces(size)) {
        if (!response.write(piece)) await once(response, 'drain');
      }
      response.end();
      return;
    }
    const hash = createHash('sha256');
    for await (const piece of request) hash.update(piece);
    response.end(hash.digest('hex'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const bound = server.address();
  return `http://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`;
}

async function get(url: string): Promise<{ bytes: number; digest: string }> {
  const [response] = await once(http.get(url, { agent: false }), 'response');
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of response) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, digest: hash.digest('hex') };
}

async function put(url: string, bytes: number, declared: boolean): Promise<string> {
  const request = http.request(url, {
    method: 'PUT',
    agent: false,
    headers: declared ? { 'Content-Length': bytes } : {},
  });
  const answered = once(request, 'response');
  for (const piece of pieces(bytes)) {
    if (!request.write(piece)) await once(request, 'drain');
  }
  request.end();
  const [response] = await answered;
  return (await response.toArray()).join('');
}

describe.each(CHAINS)('bodies through %s', (kind) => {
  it.each([0, 1, 65_535, 65_536, 65_537, 262_145, 5_000_000])(
    'are whole with %i bytes',
    async (size) => {
      const { address } = await startChain(kind, await nodeOrigin());
      const whole = { bytes: size, digest: digest(size) };
      expect(await get(`${address}/${size}?declared`)).toEqual(whole);
      expect(await get(`${address}/${size}`)).toEqual(whole);
      expect(await put(`${address}/${size}`, size, true)).toBe(whole.digest);
      expect(await put(`${address}/${size}`, size, false)).toBe(whole.digest);
    },
  );

  it('never reach another request', async () => {
    const { address } = await startChain(kind, await nodeOrigin(), ['--connections', '8']);
    const sizes = Array.from({ length: 100 }, (_, index) => 1 + ((index * 2_711) % 90_000));
    const [downs, ups] = await Promise.all([
      Promise.all(sizes.map((size) => get(`${address}/${size}?declared`))),
      Promise.all(sizes.map((size) => put(`${address}/x`, size, size % 2 === 0))),
    ]);
    expect(downs.map((down) => down.bytes)).toEqual(sizes);
    expect(ups).toEqual(sizes.map(digest));
  });
});

describe('a slow reader', () => {
  it.each(CHAINS)(
    'stops the origin through %s instead of filling memory',
    async (kind) => {
      let written = 0;
      const agent = new http.Agent({ keepAlive: true });
      onTestFinished(() => agent.destroy());
      const server = http.createServer((request, response) => {
        if (request.url === '/small') {
          response.end();
          return;
        }
        const fill = (): void => {
          while (response.write(PIECE)) written += PIECE.length;
          written += PIECE.length;
        };
        response.on('drain', fill);
        fill();
      });
      const origin = await listenLocal(server);
      const { address } = await startChain(kind, origin);
      const [response] = await once(http.get(address, { agent: false }), 'response');
      response.pause();
      // So many turns of everything in between, and the origin could write as many pieces of 64 KiB.
      for (let turn = 0; turn < 2_000; turn++) {
        const [small] = await once(http.get(`${address}/small`, { agent }), 'response');
        await once(small.resume(), 'end');
      }
      expect(written).toBeLessThan(64 * 1024 * 1024);
      response.destroy();
    },
    30_000,
  );
});

describe('a body that is not as long as declared', () => {
  it('never comes to an end at the origin', async () => {
    const ends: string[] = [];
    const server = http.createServer((request) => {
      request.on('error', () => undefined);
      request.on('end', () => ends.push('end'));
      request.on('close', () => ends.push(request.complete ? 'complete' : 'aborted'));
      request.resume();
    });
    const origin = await listenLocal(server);
    const proxy = await start(['--in', 'http://127.0.0.1:0', '--out', origin]);
    const request = http.request(boundTo(proxy), {
      method: 'PUT',
      agent: false,
      headers: { 'Content-Length': 1_000_000 },
    });
    request.on('error', () => undefined);
    request.write('abc');
    const [incoming] = await once(server, 'request');
    request.destroy();
    await new Promise((resolve) => incoming.once('close', resolve));
    expect(ends).toEqual(['aborted']);
  });
});
