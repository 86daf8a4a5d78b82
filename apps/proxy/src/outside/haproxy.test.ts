import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boundTo, startFile } from '../test/chain.ts';
import { curlBytes } from './curl.ts';
import { type FrontPair, startFrontPair } from './front-pair.ts';
import { startHaproxy } from './haproxy.ts';
import { startOrigin } from './origin-process.ts';
import { needs } from './tools.ts';

const need = needs('haproxy', 'curl');
/** Whose requests these are: another one of this machine's addresses. */
const CLIENT = '127.0.0.77';

/** The fields of a request that came from there, as the origin tells of them. */
async function fieldsAt(
  address: string,
  args: readonly string[] = [],
): Promise<[string, string][]> {
  const text = await curlBytes(['--interface', CLIENT, ...args, `${address}/echo`]);
  const { rawHeaders }: { rawHeaders: string[] } = JSON.parse(text);
  const pairs: [string, string][] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    pairs.push([(rawHeaders[i] ?? '').toLowerCase(), rawHeaders[i + 1] ?? '']);
  }
  return pairs;
}

describe.skipIf(need.missing)(need.title('HAProxy'), () => {
  const ends: (() => void | Promise<void>)[] = [];
  const atEnd = (end: () => void | Promise<void>): void => void ends.push(end);
  let origin = '';
  let pair: FrontPair;

  beforeAll(async () => {
    origin = await startOrigin(atEnd);
    const settings =
      'proxy-protocol: true, trusted: [127.0.0.1], forwarded: [x-forwarded-for, x-forwarded-proto, forwarded]';
    pair = await startFrontPair(origin, settings, atEnd);
  });

  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });

  it.each([
    ['http', 'send-proxy'],
    ['http', 'send-proxy-v2'],
    ['https', 'send-proxy ssl verify none'],
    ['https', 'send-proxy-v2 ssl verify none'],
    ['https', 'send-proxy-v2 ssl verify none alpn h2'],
    ['http', 'send-proxy-v2 proto h2'],
  ] as const)(
    'before the pair tells it over %s with %s who the client is',
    async (scheme, words) => {
      const front = await startHaproxy({ server: `${pair[scheme].split('//')[1]} ${words}` });
      const lies = ['-H', 'X-Forwarded-For: 192.0.2.66', '-H', 'X-Real-IP: 192.0.2.66'];
      for (let turn = 0; turn < 3; turn++) {
        const fields = await fieldsAt(front.address, lies);
        const host = front.address.split('//')[1];
        expect(fields.filter(([name]) => /forwarded|real-ip/.test(name))).toEqual([
          ['x-forwarded-for', CLIENT],
          ['x-forwarded-proto', scheme],
          ['forwarded', `for=${CLIENT};proto=${scheme};host="${host}"`],
        ]);
      }
    },
  );

  it('behind the pair sees the fields that tell of the client', async () => {
    const back = await startHaproxy({ server: origin.split('//')[1] ?? '' });
    const before = await startFrontPair(back.address, 'forwarded: [x-forwarded-for]');
    for (const [address, args] of [
      [before.http, []],
      [before.https, ['-k', '--http2']],
    ] as const) {
      const fields = await fieldsAt(address, args);
      expect(fields.filter(([name]) => name === 'x-forwarded-for')).toEqual([
        ['x-forwarded-for', CLIENT],
      ]);
    }
    expect(back.log).toEqual(['200 /echo', '200 /echo']);
  });

  it.each(['v1', 'v2'])(
    'behind a proxy is told by a header of %s who the client is',
    async (version) => {
      const origin = await startOrigin();
      const back = await startHaproxy({
        server: origin.split('//')[1] ?? '',
        bind: 'accept-proxy',
        front: ['http-request set-header X-Src %[src]'],
      });
      const proxy = await startFile(`
listeners: [{ url: "http://127.0.0.1:0" }]
groups: { web: { members: ["${back.address}"], proxy-protocol: ${version} } }
routes: [{ group: web }]
`);
      const fields = await fieldsAt(boundTo(proxy));
      expect(fields.filter(([name]) => name === 'x-src')).toEqual([['x-src', CLIENT]]);
    },
  );
});
