import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { boundTo, startFile } from './test/chain.ts';
import { exchange, hasWholeResponse } from './test/raw-client.ts';
import { rawOrigin } from './test/raw-origin.ts';
import { startEchoOrigin } from './test/steady-load.ts';
import { startWireTap, type WireTap } from './test/wire-tap.ts';

/** How a text went over the link, in either direction: as one that was said before, or anew. */
type Passage = 'repeated' | 'anew';

/** What a client sends: its text, and the field that says whom it is for. */
interface Sent {
  readonly text: string;
  readonly tenant?: string;
  /** The connection that it sends it over. */
  readonly client?: number;
}

/** A pair whose near proxy has a route with these settings, before an origin that gives bodies back. */
async function startPair(route: string, farRoute = '') {
  const origin = await startEchoOrigin();
  const far = await startFile(`
in: teleport://127.0.0.1:0
groups: { web: { members: ['${origin.address}'] } }
routes: [{ group: web${farRoute} }]
`);
  const tap = await startWireTap(boundTo(far));
  const near = await startFile(`
in: http://127.0.0.1:0
groups: { far: { members: ['${tap.address}'] } }
routes: [{ group: far${route} }]
`);
  const agents = [0, 1].map(() => new http.Agent({ keepAlive: true, maxSockets: 1 }));
  onTestFinished(() => {
    for (const agent of agents) agent.destroy();
  });
  return async ({ text, tenant, client = 0 }: Sent): Promise<[up: Passage, down: Passage]> => {
    const { up, down } = tap;
    const request = http.request(boundTo(near), {
      ...{ method: 'POST', agent: agents[client] ?? false },
      headers: {
        'content-type': 'application/json',
        ...(tenant === undefined ? {} : { 'x-tenant': tenant }),
      },
    });
    request.end(text);
    const [response]: http.IncomingMessage[] = await once(request, 'response');
    expect(((await response?.toArray()) ?? []).join('')).toBe(text);
    return [passage(tap.up - up, text), passage(tap.down - down, text)];
  };
}

/** Of a text that packs to a good half of its size, and to next to nothing when it was there before. */
function passage(bytes: number, text: string): Passage {
  return bytes < text.length / 4 ? 'repeated' : 'anew';
}

/** JSON that has nothing in common with any other but its keys. */
function newText(): string {
  return JSON.stringify(
    Array.from({ length: 60 }, () => ({ item: randomBytes(16).toString('hex') })),
  );
}

const REPEATED = ['repeated', 'repeated'];
const ANEW = ['anew', 'anew'];

describe('the compression window of a route', () => {
  it('is that of the link, which all share, where nothing is said', async () => {
    const send = await startPair('');
    const text = newText();
    expect(await send({ text, tenant: 'a' })).toEqual(ANEW);
    expect(await send({ text, tenant: 'b', client: 1 })).toEqual(REPEATED);
  });

  it('is none where it is off', async () => {
    const send = await startPair(', window: off');
    const text = newText();
    expect(await send({ text })).toEqual(ANEW);
    expect(await send({ text })).toEqual(ANEW);
  });

  it('is one for each value of a field', async () => {
    const send = await startPair(', window: isolated, window-by: X-Tenant');
    const text = newText();
    expect(await send({ text, tenant: 'a' })).toEqual(ANEW);
    expect(await send({ text, tenant: 'a', client: 1 })).toEqual(REPEATED);
    expect(await send({ text, tenant: 'b' })).toEqual(ANEW);
    expect(await send({ text })).toEqual(ANEW);
    expect(await send({ text, tenant: 'b' })).toEqual(REPEATED);
  });

  it('is one for each connection', async () => {
    const send = await startPair(', window: isolated, window-by: connection');
    const text = newText();
    expect(await send({ text })).toEqual(ANEW);
    expect(await send({ text })).toEqual(REPEATED);
    expect(await send({ text, client: 1 })).toEqual(ANEW);
  });

  it('is of its own where it is isolated, and shared with no other route', async () => {
    const send = await startPair(', window: isolated }, { path: /, host: other, group: far');
    const text = newText();
    expect(await send({ text, tenant: 'a' })).toEqual(ANEW);
    expect(await send({ text, tenant: 'b' })).toEqual(REPEATED);
  });

  it('holds for responses alone where the far proxy says it', async () => {
    const send = await startPair('', ', window: off');
    const text = newText();
    expect(await send({ text })).toEqual(ANEW);
    expect(await send({ text })).toEqual(['repeated', 'anew']);
  });
});

describe('a secret field', () => {
  const secret = `session-${randomBytes(32).toString('hex')}`;
  const other = `session-${randomBytes(32).toString('hex')}`;

  /** Bytes that a guess takes on the wire in a direction, after the secret has passed there. */
  async function guess(
    of: 'up' | 'down',
    setting: string,
    guessed: string,
  ): Promise<{ bytes: number; tap: WireTap }> {
    const origin = await rawOrigin((socket, all) => {
      const path = /GET \/(\S*) HTTP/.exec(all.slice(all.lastIndexOf('GET ')))?.[1] ?? '';
      const field = of === 'down' && path === '' ? `X-Session: ${secret}\r\n` : '';
      const body = of === 'down' ? path : '';
      socket.write(
        `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n${field}Content-Length: ${body.length}\r\n\r\n${body}`,
      );
    });
    const far = await startFile(`in: teleport://127.0.0.1:0\nout: ${origin.address}\n${setting}`);
    const tap = await startWireTap(boundTo(far));
    const near = await startFile(`in: http://127.0.0.1:0\nout: ${tap.address}\n${setting}`);
    const field = of === 'up' ? `X-Session: ${secret}\r\n` : '';
    const get = (path: string, fields: string): Promise<string> =>
      exchange(boundTo(near), `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`, hasWholeResponse);
    expect(await get('/', field)).toMatch(/^HTTP\/1\.1 200 /);
    const before = tap[of];
    expect(await get(`/${guessed}`, '')).toMatch(/^HTTP\/1\.1 200 /);
    return { bytes: tap[of] - before, tap };
  }

  it.each(['up', 'down'] as const)(
    'helps no guess to be shorter, going %s: its value is never in the window',
    async (of) => {
      const open = [await guess(of, '', secret), await guess(of, '', other)];
      expect((open[1]?.bytes ?? 0) - (open[0]?.bytes ?? 0)).toBeGreaterThan(16);
      const setting = 'secret-fields: [X-Session]\n';
      const right = await guess(of, setting, secret);
      const wrong = await guess(of, setting, other);
      expect(Math.abs(wrong.bytes - right.bytes)).toBeLessThan(6);
      // It passes beside what is packed, as it stands.
      expect(wrong.tap.saw(secret)).toBe(true);
    },
  );
});
