import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fields, RequestHead, ResponseHead } from './index.ts';
import { latin1, Pipe } from './test/records.ts';

const NAMES = [
  'authorization',
  'Authorization',
  'AUTHORIZATION',
  'cookie',
  'Cookie',
  'set-cookie',
  'SET-Cookie',
  'proxy-authorization',
  'x-api-key',
  'X-API-Key',
  'x-session',
  'X-Session',
] as const;

/** A value of letters that stand nowhere else in these tests. */
const secret = fc
  .array(fc.constantFrom(...'QJZqjz0123456789'), { minLength: 6, maxLength: 1200 })
  .map((letters) => letters.join(''));

const step = fc.record({
  secrets: fc.array(fc.tuple(fc.constantFrom(...NAMES), fc.nat(7)), { minLength: 1, maxLength: 4 }),
  other: fc.constantFrom('a', 'b', 'c'),
  kind: fc.constantFrom('request', 'response', 'trailers'),
  path: fc.constantFrom('/', '/x', '/y'),
});

/** Whether six bytes in a row of the value stand in the text. */
function leaks(text: string, value: string): boolean {
  for (let at = 0; at + 6 <= value.length; at++) {
    if (text.includes(value.slice(at, at + 6))) return true;
  }
  return false;
}

describe('W-060 secrets', () => {
  test('no part of a secret value stands among the records that are packed; all arrive', () => {
    const values = fc.array(secret, { minLength: 8, maxLength: 8 });
    const table = fc.constantFrom(512, 1024, 4096, 65_536);
    fc.assert(
      fc.property(
        values,
        fc.array(step, { minLength: 1, maxLength: 12 }),
        table,
        (pool, steps, tableBytes) => {
          const pipe = new Pipe({ tableBytes });
          for (const [index, { secrets, other, kind, path }] of steps.entries()) {
            const raw = ['accept', other];
            for (const [name, which] of secrets) raw.push(name, pool[which] ?? '');
            const fields = new Fields(raw);
            if (kind === 'request') {
              pipe.encoder.request(
                index + 1,
                new RequestHead('GET', path, fields),
                undefined,
                false,
                0,
              );
            } else if (kind === 'response') {
              pipe.encoder.response(index + 1, new ResponseHead(200, fields), undefined, false);
            } else pipe.encoder.trailers(index + 1, fields);
            const { said, records } = pipe.flush();
            expect(said).toMatchObject([{ fields: raw }]);
            const text = latin1(records);
            for (const [, which] of secrets) expect(leaks(text, pool[which] ?? '')).toBe(false);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('with inline, secrets go as any other value and there are no blobs', () => {
    const pipe = new Pipe({}, true);
    const fields = new Fields(['cookie', 'QJZqjz01', 'authorization', 'zjqZJQ']);
    pipe.encoder.request(1, new RequestHead('GET', '/', fields), undefined, false, 0);
    const { records, blobs } = pipe.flush();
    expect(blobs).toHaveLength(0);
    expect(latin1(records)).toContain('QJZqjz01');
  });

  test('a secret whose value repeats is named, not said again', () => {
    const pipe = new Pipe();
    const sizes = [1, 2, 3, 4, 5].map((id) => {
      const fields = new Fields(['cookie', 'QJZqjz0123456789'.repeat(9), 'x', 'y']);
      pipe.encoder.request(id, new RequestHead('GET', '/', fields), undefined, false, 0);
      return pipe.flush().blobs.length;
    });
    expect(sizes.slice(3)).toEqual([0, 0]);
  });

  test('a body that is detached is a blob', () => {
    const pipe = new Pipe();
    const body = Uint8Array.from(Buffer.from('QJZqjz'));
    pipe.encoder.request(1, new RequestHead('GET', '/'), body, false, 0, true);
    pipe.encoder.data(1, body, true, true);
    const { records, said } = pipe.flush();
    expect(latin1(records)).not.toContain('QJZqjz');
    expect(said).toMatchObject([{ body: 'QJZqjz' }, { body: 'QJZqjz', last: true }]);
  });

  test('the name of a secret finds room in a table that one head fills', () => {
    for (const tableBytes of [320, 512, 2048, 65_536]) {
      const pipe = new Pipe({ tableBytes });
      const raw: string[] = [];
      for (let i = 0; i < 70; i++)
        raw.push(`x-${'name'.repeat(i % 3)}-${i}`, `value ${i} `.repeat(20).trim());
      raw.push('Authorization', 'QJZqjz', 'X-API-Key', 'zjqZJQ');
      for (let id = 1; id <= 3; id++) {
        pipe.encoder.request(id, new RequestHead('GET', '/', new Fields(raw)), undefined, false, 0);
        const { said, records } = pipe.flush();
        expect(said).toMatchObject([{ fields: raw }]);
        expect(leaks(latin1(records), 'QJZqjz') || leaks(latin1(records), 'zjqZJQ')).toBe(false);
      }
    }
  });

  test.each([0, 64, 128])(
    'with a table of %i bytes a secret is refused, and the table is as it was',
    (tableBytes) => {
      const pipe = new Pipe({ tableBytes });
      const say = (id: number, raw: string[]) =>
        pipe.encoder.request(id, new RequestHead('GET', '/', new Fields(raw)), undefined, false, 0);
      for (let id = 1; id <= 3; id++) {
        expect(() => say(id, ['x', 'y', 'Cookie', 'QJZqjz'])).toThrow(/cookie.*must stay out/i);
        say(id, ['x', 'y', 'z', '']);
        expect(pipe.flush().said).toMatchObject([{ id, fields: ['x', 'y', 'z', ''] }]);
      }
    },
  );
});
