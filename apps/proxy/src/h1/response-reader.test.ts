import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { llhttpSamples } from '../test/llhttp-samples.ts';
import { createResponseReader, MAX_HEAD_BYTES, type ResponseReader } from './response-reader.ts';

interface Seen {
  informations: number[];
  status: number;
  headers: readonly string[];
  body: string;
  /** What came behind a switch of protocols. */
  rest?: string;
  trailers: readonly string[] | undefined;
  ended: boolean;
}

/** Feeds a response cut at the given places, and says what came out. */
function read(text: string, cuts: readonly number[] = [], toHead = false, eof = false): Seen {
  const seen: Seen = {
    informations: [],
    status: 0,
    headers: [],
    body: '',
    trailers: undefined,
    ended: false,
  };
  const reader: ResponseReader = createResponseReader({ text: '', head: undefined });
  reader.begin(
    {
      information: (head) => void seen.informations.push(head.status),
      head: (head) => {
        seen.status = head.status;
        seen.headers = head.headers.raw;
      },
      switched: (head, rest) => {
        seen.status = head.status;
        seen.headers = head.headers.raw;
        seen.rest = rest.toString('latin1');
      },
      data: (bytes) => {
        seen.body += Buffer.from(bytes).toString('latin1');
      },
      end: (trailers) => {
        seen.trailers = trailers;
        seen.ended = true;
      },
    },
    toHead,
  );
  const bytes = Buffer.from(text, 'latin1');
  let at = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    reader.feed(Buffer.from(bytes.subarray(at, cut)));
    at = Math.max(at, cut);
  }
  reader.feed(Buffer.from(bytes.subarray(at)));
  if (eof) reader.eof();
  return seen;
}

const CHUNKED =
  'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n' +
  'HTTP/1.1 200 OK\r\nX-A: 1\r\nTransfer-Encoding: CHUNKED\r\nx-a: 2\r\n\r\n' +
  '3\r\nabc\r\n00a;ext="x"\r\n0123456789\r\n0\r\nX-T: 1\r\nX-U: \r\n\r\n';
const FIXED = 'HTTP/1.1 404\r\nContent-Length: 5\r\nX:y\r\n\r\nhello';

describe('response reader', () => {
  it('reads the same response wherever its bytes are cut', () => {
    for (const text of [CHUNKED, FIXED]) {
      const whole = read(text);
      expect(whole.ended).toBe(true);
      for (let cut = 1; cut < text.length; cut++) expect(read(text, [cut])).toEqual(whole);
      const all = Array.from({ length: text.length - 1 }, (_, index) => index + 1);
      expect(read(text, all)).toEqual(whole);
      fc.assert(
        fc.property(fc.array(fc.nat(text.length)), (cuts) => {
          expect(read(text, cuts)).toEqual(whole);
        }),
      );
    }
  });

  it('gives 1xx heads, the final head, the body and the trailers', () => {
    expect(read(CHUNKED)).toEqual({
      informations: [103, 100],
      status: 200,
      headers: ['X-A', '1', 'x-a', '2'],
      body: 'abc0123456789',
      trailers: ['X-T', '1', 'X-U', ''],
      ended: true,
    });
  });

  it('ends a body without framing at the end of the connection, and at no other', () => {
    const text = 'HTTP/1.1 200 OK\r\n\r\nall';
    expect(read(text).ended).toBe(false);
    expect(read(text, [], false, true)).toMatchObject({ body: 'all', ended: true });
  });

  it('takes nothing after the head of a response to HEAD, and of 204 and 304', () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n';
    expect(read(head, [], true)).toMatchObject({ body: '', ended: true });
    expect(() => read(`${head}hello`, [], true)).toThrow('after the end');
    expect(() => read('HTTP/1.1 204 No\r\nContent-Length: 1\r\n\r\nx')).toThrow('after the end');
    expect(() => read('HTTP/1.1 304 No\r\nContent-Length: 1\r\n\r\nx')).toThrow('after the end');
  });

  it.each([
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell', 'mid-response'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', 'mid-response'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 1\r\n', 'mid-response'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n', 'does not end'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n', 'chunk size'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n', 'chunk size'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n', 'chunk size'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffff\r\n', 'chunk size'],
    [`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(2000)}`, 'endless line'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 1\n\r\n\r\n', 'control'],
    [
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${'X: 1\r\n'.repeat(33)}\r\n`,
      'trailers',
    ],
    ['HTTP/1.1 200 OK\r\nContent-Length: 1,1\r\n\r\nx', 'content-length'],
    ['HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx', 'content-length'],
    ['HTTP/1.1 600 OK\r\n\r\n', 'status line'],
    ['HTTP/1.1 20 OK\r\n\r\n', 'status line'],
    ['HTTP/1.1  200 OK\r\n\r\n', 'status line'],
    ['HTTP/1.1 200 a\x00b\r\n\r\n', 'status line'],
    ['HTTP/1.1 200 OK\r\n: x\r\n\r\n', 'name'],
    ['HTTP/1.1 200 OK\r\nno colon\r\n\r\n', 'name'],
    ['HTTP/1.1 100 A\r\n\r\n'.repeat(33), '1xx'],
  ])('refuses %j', (text, why) => {
    expect(() => read(text, [], false, true)).toThrow(why);
  });

  it('takes a head at its limit, and refuses a longer one before it has come', () => {
    const head = (bytes: number): string => {
      const start = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ';
      return `${start}${'x'.repeat(bytes - start.length)}`;
    };
    expect(read(`${head(MAX_HEAD_BYTES)}\r\n\r\n`).ended).toBe(true);
    expect(() => read(head(MAX_HEAD_BYTES + 1))).toThrow('bytes');
    expect(() => read(`${head(MAX_HEAD_BYTES * 100)}\r\n\r\n`)).toThrow('bytes');
  });
});

const LLHTTP = new URL('../../../../../shared/data/llhttp/response/', import.meta.url);

describe.skipIf(!existsSync(LLHTTP))(
  'responses of the llhttp tests (skipped where ../shared/data is missing)',
  () => {
    it('are read or refused, and what only a lenient parser takes is refused', () => {
      for (const file of readdirSync(LLHTTP)) {
        const samples = llhttpSamples(readFileSync(new URL(file, LLHTTP), 'utf8'));
        for (const { lenient, input } of samples) {
          let ended = false;
          try {
            ended = read(input, [], false, true).ended;
          } catch (error) {
            expect(error, input).toMatchObject({ code: 'UPSTREAM' });
          }
          if (lenient) expect(ended, input).toBe(false);
        }
      }
    });
  },
);
