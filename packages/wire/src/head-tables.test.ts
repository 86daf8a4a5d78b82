import { describe, expect, test } from 'vitest';
import { Fields, RequestHead, ResponseHead } from './index.ts';
import { Random } from './test/random.ts';
import { Pipe, type Said, say } from './test/records.ts';

/** A head of one of many shapes; most repeat or nearly do. */
function head(random: Random, shapes: number): Said {
  const shape = random.below(shapes);
  const fields: string[] = [];
  for (let i = 0; i < shape % 9; i++) {
    const name = `${i % 2 ? 'x-' : 'X-Field-'}${(shape * 7 + i * 3) % 40}`;
    fields.push(name, random.once(3) ? `v${random.below(20)}` : `of ${shape}`);
  }
  if (random.once(3)) fields.push('Cookie', `id=${random.below(8)}; theme=dark`);
  if (random.once(9)) fields.push('authorization', `Bearer ${random.below(1000)}`);
  if (random.once(30))
    fields.push(`x-${'long'.repeat(random.below(60))}`, 'w'.repeat(random.below(1100)));
  const id = 0;
  if (random.once(3)) {
    const status = random.pick([200, 404, 503]);
    const reason = random.once(4) ? `Reason ${random.below(3)}` : '';
    return { kind: 'response', id, status, reason, fields, body: '', more: false };
  }
  if (random.once(9)) return { kind: 'trailers', id, fields };
  const method = random.once(50) ? 'M'.repeat(random.below(1500) + 1) : random.pick(['GET', 'PUT']);
  const path = random.once(2) ? '/' : `/${shape}/${random.below(50)}`;
  return {
    kind: 'request',
    id,
    method,
    path,
    fields,
    body: '',
    more: false,
    timeoutMs: 0,
    oneWay: false,
  };
}

describe('the table over long runs', () => {
  const tables = [0, 64, 129, 160, 320, 512, 1000, 4096, 65_536];
  test.each(tables)(
    'W-050 W-051 with %i bytes, receiver and sender never disagree',
    (tableBytes) => {
      for (const inline of [true, false]) {
        for (const shapes of [3, 25, 500]) {
          const random = new Random(tableBytes * 2 + shapes);
          const pipe = new Pipe({ tableBytes }, inline);
          let requests = 0;
          const sent: Said[] = [];
          for (let i = 0; i < 1200; i++) {
            const made = head(random, shapes);
            const said = {
              ...made,
              id: made.kind === 'request' ? requests + 1 : 1 + random.below(99),
            };
            try {
              say(pipe.encoder, said);
            } catch (error) {
              // Without a table that holds its name, a secret cannot go.
              if (tableBytes >= 320 || inline) throw error;
              expect(error).toMatchObject({ code: 'HEAD_LIMIT', processed: 'no' });
              continue;
            }
            if (said.kind === 'request') requests++;
            sent.push(said);
            if (random.once(10)) expect(pipe.flush().said).toEqual(sent.splice(0));
          }
          expect(pipe.flush().said).toEqual(sent);
        }
      }
    },
  );

  test('a head that repeats costs a few bytes, and is the same object each time', () => {
    const pipe = new Pipe();
    const fields = ['accept', '*/*', 'user-agent', 'tester/1.0', 'authorization', 'Bearer abcdef'];
    for (let id = 1; id <= 3; id++) {
      pipe.encoder.request(
        id,
        new RequestHead('GET', '/same', new Fields(fields)),
        undefined,
        false,
        0,
      );
      const { records, blobs } = pipe.flush();
      if (id === 1) continue;
      expect(records.length).toBe(6);
      expect(blobs.length).toBe(0);
    }
    expect(pipe.sink.heads[2]).toBe(pipe.sink.heads[1]);
  });

  test('forty shapes in turn are each learned once', () => {
    const pipe = new Pipe();
    for (let round = 0; round < 3; round++) {
      for (let shape = 0; shape < 40; shape++) {
        pipe.encoder.response(
          1,
          new ResponseHead(200 + shape, new Fields(['via', 'x'])),
          undefined,
          false,
        );
        const { records } = pipe.flush();
        if (round > 0) expect(records.length).toBeLessThan(10);
      }
    }
  });

  test('a head that nearly repeats costs its differences; a value met again is named', () => {
    const pipe = new Pipe({}, true);
    const letters = [...'abcdabcdabcd'];
    const sizes = letters.map((letter, index) => {
      const fields = new Fields(['accept', 'application/json', 'host', 'example.org']);
      const head = new RequestHead('GET', `/a/rather/long/path/${letter}`, fields);
      pipe.encoder.request(index + 1, head, undefined, false, 0);
      return pipe.flush().records.length;
    });
    expect(sizes).toEqual([93, 34, 34, 35, 9, 9, 10, 32, 9, 9, 10, 9]);
  });

  test('values that never come again are not stored', () => {
    const pipe = new Pipe({}, true);
    const sizes = Array.from({ length: 300 }, (_, index) => {
      const path = `/unique/${100_000 + index * 7}`;
      pipe.encoder.request(index + 1, new RequestHead('GET', path), undefined, false, 0);
      return pipe.flush().records.length;
    });
    expect(new Set(sizes.slice(150))).toEqual(new Set([22]));
  });
});
