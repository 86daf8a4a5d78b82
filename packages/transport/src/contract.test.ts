import { Fields, ResponseHead } from '@tp/wire';
import { describe, expect, test } from 'vitest';
import type { ServerExchange } from './exchange/server-exchange.ts';
import { combinations, connect } from './test/combinations.ts';
import { content, noise, pieces, sha, text } from './test/content.ts';
import { bodyOf, drain, get, OK, post } from './test/ends.ts';
import { turns } from './test/eventually.ts';

const KIB = 1024;
const CALLS = 2000;

/** Answers with the request's own path, in an order that has nothing to do with the requests'. */
function shuffling(): (exchange: ServerExchange) => void {
  let waiting: ServerExchange[] = [];
  return (exchange) => {
    waiting.push(exchange);
    if (waiting.length > 1) return;
    setImmediate(() => {
      const order = waiting.map((one, index) => ({ one, key: (index * 7919) % 1009 }));
      waiting = [];
      order.sort((a, b) => a.key - b.key);
      for (const { one } of order) one.respond(OK, Buffer.from(one.path), undefined);
    });
  };
}

/** Answers with the hash of what came, and with a body of as many bytes as the path asks for. */
async function hashing(exchange: ServerExchange): Promise<void> {
  const length = Number(exchange.path.slice(1));
  const found = sha(await exchange.bytes());
  const head = new ResponseHead(200, new Fields(['x-found', found]));
  const body = content(length);
  if (length <= 64 * KIB) exchange.respond(head, body, undefined);
  else exchange.respond(head, undefined, { source: pieces(body) });
}

describe.each(combinations)('$name', (combination) => {
  test('thousands of calls in flight are answered in any order, each with its own answer', async () => {
    const pool = await connect(combination, shuffling());
    const paths = Array.from({ length: CALLS }, (_, i) => `/call/${i}?x=${(i * 31) % 17}`);
    const answers = await Promise.all(paths.map((path) => bodyOf(pool.call(get(path)))));
    expect(answers.map(text)).toEqual(paths);
    expect(pool.pending).toBe(0);
    expect(pool.stats().requests).toBe(CALLS);
  });

  test.each([0, 1, 64 * KIB, 64 * KIB + 1, 3 * KIB * KIB])(
    'a body of %i bytes arrives whole, there and back',
    async (length) => {
      const pool = await connect(combination, (exchange) => void hashing(exchange));
      const body = content(length);
      const call =
        length <= 64 * KIB
          ? post(`/${length}`, [], { body })
          : post(`/${length}`, [], { stream: { source: pieces(body) } });
      const response = await pool.call(call);
      expect(response.headers.get('x-found')).toBe(sha(body));
      expect(sha(await response.bytes())).toBe(sha(body));
    },
  );

  test('bodies stream both ways at once, and pass the window by when they are compressed (W-076)', async () => {
    const pool = await connect(combination, (exchange) => {
      const type = exchange.headers.raw;
      exchange.respond(new ResponseHead(200, new Fields(type)), undefined, {
        source: exchange.body,
        trailers: () => exchange.trailers ?? Fields.empty,
      });
    });
    const sent = noise(700 * KIB);
    for (const type of ['text/plain', 'image/png']) {
      const response = await pool.call(
        post('/echo', ['content-type', type], {
          stream: {
            source: pieces(sent.subarray(0, 10), sent.subarray(10, 11), sent.subarray(11)),
            trailers: () => new Fields(['x-sum', 'first', 'X-Sum', 'second']),
          },
        }),
      );
      expect(sha(await response.bytes())).toBe(sha(sent));
      expect(response.headers.get('content-type')).toBe(type);
      expect(response.trailers?.raw).toEqual(['x-sum', 'first', 'X-Sum', 'second']);
    }
  });

  test('heads keep order, duplicates and case; the reason, 1xx heads and secrets arrive', async () => {
    const raw = ['Host', 'a', 'x-B', '1', 'X-b', '2', 'x-B', '1', 'Cookie', 'k=v', 'empty', ''];
    const answer = ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Server', 'tp', 'set-cookie', 'c=3'];
    const seen: string[][] = [];
    const pool = await connect(combination, (exchange) => {
      seen.push([...exchange.headers.raw]);
      exchange.inform(103, ['link', '</a.css>']);
      exchange.inform(102);
      exchange.respond(new ResponseHead(404, new Fields(answer), 'Nix da'), undefined, undefined);
    });
    for (let time = 0; time < 3; time++) {
      const informed: (string | number)[] = [];
      const response = await pool.call(
        post('/', raw, { onInformation: (status, { raw }) => informed.push(status, ...raw) }),
      );
      expect(seen[time]).toEqual(raw);
      expect(informed).toEqual([103, 'link', '</a.css>', 102]);
      expect([response.status, response.reason]).toEqual([404, 'Nix da']);
      expect(response.headers.raw).toEqual(answer);
    }
  });

  test('a cancelled call stops its handler, and the link goes on', async () => {
    const reasons: unknown[] = [];
    const pool = await connect(combination, (exchange) => {
      if (exchange.path !== '/wait') {
        exchange.respond(OK, undefined, undefined);
        return;
      }
      exchange.signal.addEventListener('abort', () => reasons.push(exchange.signal.reason));
      exchange.respond(OK, undefined, {
        source: (async function* () {
          for (;;) {
            yield content(1000);
            await turns(1);
          }
        })(),
      });
    });
    const response = await pool.call(get('/wait'));
    for await (const piece of response.body) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    expect((await pool.call(get('/next'))).status).toBe(200);
    expect(reasons).toMatchObject([{ code: 'CANCEL' }]);
    expect(await drain(response.body).catch((error) => error.code)).toBe('CANCEL');
  });
});
