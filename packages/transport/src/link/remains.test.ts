import { afterEach, expect, test } from 'vitest';
import { createPool } from '../pool/pool.ts';
import { createTransportServer } from '../server.ts';
import { testCertificate } from '../test/certificate.ts';
import { content, pieces } from '../test/content.ts';
import { drain, folder, get, OK, post } from '../test/ends.ts';
import { eventually } from '../test/eventually.ts';
import { FakeClock } from '../test/fake-clock.ts';

const KINDS = /^(TCP|TLS|Pipe)/;

function sockets(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => KINDS.test(kind));
}

const before = sockets();
afterEach(() => eventually(() => sockets().length <= before.length));

test.each(['TCP', 'TLS', 'unix'])(
  'over %s, no timer, socket or listener is left once both ends have closed',
  async (kind) => {
    const clock = new FakeClock();
    const server = createTransportServer(
      (exchange) =>
        void drain(exchange.body).then(() =>
          exchange.respond(OK, undefined, { source: pieces(content(100_000)) }),
        ),
      { clock, tls: testCertificate },
    );
    const places = {
      TCP: 'teleport://127.0.0.1:0',
      TLS: 'teleports://127.0.0.1:0',
      unix: `teleport+unix:${folder()}/s`,
    };
    const url = await server.listen(
      kind === 'TCP' ? places.TCP : kind === 'TLS' ? places.TLS : places.unix,
    );
    const client = createPool([url], { clock, links: 2, tls: { ca: testCertificate.cert } });
    const calls = Array.from({ length: 20 }, async (_, i) => {
      const stream = { source: pieces(content(100_000)) };
      const response = await client.call(
        i % 2 === 0 ? post('/', [], { stream }) : get('/', { deadlineMs: 1000 }),
      );
      return drain(response.body);
    });
    expect(await Promise.all(calls)).toEqual(Array(20).fill(100_000));
    await client.close();
    await server.close();
    await eventually(() => sockets().length <= before.length);
    clock.advance(10);
    expect(clock.timers).toBe(0);
  },
);

test('nothing is left of a client that never reached anybody', async () => {
  const clock = new FakeClock();
  const client = createPool(['teleport://127.0.0.1:1'], { clock });
  const call = client.call(get('/')).catch((error) => error.code);
  expect(await call).toBe('UNREACHABLE');
  await client.close();
  clock.advance(10);
  expect(clock.timers).toBe(0);
});

test('nor of one that is closed while it dials', async () => {
  const clock = new FakeClock();
  const server = createTransportServer(() => {}, { clock });
  const url = await server.listen('teleport://127.0.0.1:0');
  const client = createPool([url], { clock });
  await client.close();
  await server.close();
  await eventually(() => clock.timers === 0);
});

test('no timer is left of a server that closes when its last link is gone', async () => {
  const clock = new FakeClock();
  const server = createTransportServer((exchange) => exchange.respond(OK, undefined, undefined), {
    clock,
  });
  const client = createPool([await server.listen('teleport://127.0.0.1:0')]);
  await client.call(get('/', { deadlineMs: 60_000 }));
  await client.close();
  await eventually(() => server.stats().links.length === 0);
  await server.close();
  expect(clock.timers).toBe(0);
});
