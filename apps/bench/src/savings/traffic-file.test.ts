import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { RecordedTraffic } from '@tp/savings';
import { afterAll, describe, expect, it, test } from 'vitest';
import { readTrafficFile } from './traffic-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'tp-savings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MOST = { exchanges: 100, bytes: 1_000_000 };

function read(name: string, content: string, most = MOST): Promise<RecordedTraffic> {
  const file = join(folder, name);
  writeFileSync(file, content);
  return readTrafficFile(file, most);
}

/** What reading it complains about, without the folder. */
async function complaint(name: string, content: string): Promise<string> {
  const found = await read(name, content).then(
    () => 'nothing',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  return found.replace(`${folder}/`, '');
}

/** An entry as browsers write it. */
function entry(parts: { request?: object; response?: object; more?: object } = {}): object {
  return {
    startedDateTime: '2026-03-02T10:00:00.500Z',
    time: 12,
    request: {
      method: 'GET',
      url: 'https://api.example/items?page=2#top',
      httpVersion: 'HTTP/2',
      headers: [{ name: 'accept', value: '*/*' }],
      ...parts.request,
    },
    response: {
      status: 200,
      headers: [{ name: 'content-type', value: 'text/plain' }],
      content: { size: 5, mimeType: 'text/plain', text: 'hello' },
      ...parts.response,
    },
    ...parts.more,
  };
}

function har(...entries: unknown[]): string {
  return JSON.stringify({ log: { version: '1.2', entries } }, null, 2);
}

const LINE = { request: { method: 'GET', url: '/a' }, response: { status: 204 } };

describe('a HAR file', () => {
  it('gives requests and answers as HTTP/1.1 has them', async () => {
    const headers = [
      { name: ':authority', value: 'api.example' },
      { name: 'Connection', value: 'keep-alive' },
      { name: 'X-Name', value: 'ü ' },
    ];
    const { exchanges } = await read('a.har', har(entry({ request: { headers } })));
    expect(exchanges).toMatchObject([
      {
        atMs: Date.parse('2026-03-02T10:00:00.500Z'),
        request: {
          method: 'GET',
          path: '/items?page=2',
          headers: ['Host', 'api.example', 'X-Name', 'ü'],
          body: null,
        },
        response: {
          status: 200,
          headers: ['content-type', 'text/plain', 'Content-Length', '5'],
          body: Buffer.from('hello'),
        },
      },
    ]);
  });

  it('is known by its beginning whatever its name, a byte order mark before it or not', async () => {
    expect((await read('traffic.json', har(entry()))).exchanges).toHaveLength(1);
    expect((await read('traffic.txt', `\uFEFF${har(entry())}`)).exchanges).toHaveLength(1);
  });

  it('has bodies as text or base64, of requests too', async () => {
    const body = Buffer.from([0, 1, 255]);
    const binary = { text: body.toString('base64'), encoding: 'base64' };
    const { exchanges } = await read(
      'b.har',
      har(
        entry({
          request: { method: 'POST', postData: { mimeType: 'application/json', text: '{"ü":1}' } },
          response: { content: { size: 3, ...binary } },
        }),
      ),
    );
    expect(exchanges[0]?.request.body).toEqual(Buffer.from('{"ü":1}'));
    expect(exchanges[0]?.request.headers.slice(-2)).toEqual(['Content-Length', '8']);
    expect(exchanges[0]?.response.body).toEqual(body);
  });

  it('has repeated fields in one value with a line for each', async () => {
    const headers = [{ name: 'Set-Cookie', value: 'a=1\nb=2' }];
    const { exchanges } = await read('c.har', har(entry({ response: { headers } })));
    expect(exchanges[0]?.response.headers.slice(0, 4)).toEqual([
      'Set-Cookie',
      'a=1',
      'Set-Cookie',
      'b=2',
    ]);
  });

  it('shows bodies unpacked: they are packed again as their fields say', async () => {
    const text = 'again and '.repeat(100);
    const headers = [
      { name: 'Content-Encoding', value: 'gzip' },
      { name: 'Content-Length', value: '77' },
    ];
    const { exchanges } = await read(
      'd.har',
      har(entry({ response: { headers, content: { text } } })),
    );
    const packed = gzipSync(text);
    expect(exchanges[0]?.response).toEqual({
      status: 200,
      headers: ['Content-Encoding', 'gzip', 'Content-Length', String(packed.length)],
      body: packed,
    });
    expect(exchanges[0]?.plainResponse).toEqual({
      status: 200,
      headers: ['Content-Length', '1000'],
      body: Buffer.from(text),
    });
  });

  it('may hold entries that are no traffic, and says which', async () => {
    const { exchanges, leftOut } = await read(
      'e.har',
      har(
        entry({ request: { url: 'data:text/plain,x' } }),
        entry({ response: { status: 0 } }),
        entry({ response: { status: -1, content: { size: -1 } } }),
        entry({ response: { status: 101 } }),
        entry({ more: { _fromCache: 'memory' } }),
        entry({ response: { content: { size: 9 } } }),
        entry({ request: { headers: [{ name: 'content-length', value: '4' }] } }),
        entry({ request: { url: `https://api.example/${'a'.repeat(9000)}` } }),
        entry(),
        entry(),
        entry(),
      ),
      { ...MOST, exchanges: 2 },
    );
    expect(exchanges).toHaveLength(2);
    expect([...leftOut]).toEqual([
      ['not HTTP (data:)', 1],
      ['no answer came', 2],
      ['not HTTP any more (an upgrade or a tunnel)', 1],
      ["answered from the browser's cache", 1],
      ["the answer's body is not in the file", 1],
      ["the request's body is not in the file", 1],
      ['a head past the limits of a link', 1],
      ['beyond the first 2, or 1 MB', 1],
    ]);
  });

  it('comes in the order of its times', async () => {
    const at = (startedDateTime: string, url: string) =>
      entry({ request: { url }, more: { startedDateTime } });
    const { exchanges } = await read(
      'f.har',
      har(at('2026-03-02T10:00:02Z', 'http://a/2'), at('2026-03-02T10:00:01Z', 'http://a/1')),
    );
    expect(exchanges.map(({ request }) => request.path)).toEqual(['/1', '/2']);
  });

  it.each([
    ['[1]', 'x.har:1: found a list of 1; expected an object'],
    [
      '{"log":\n {"entries": 7}}',
      'x.har:2: log.entries: found 7; expected the list of entries of a HAR file',
    ],
    [
      '{"log":\n {}}',
      'x.har:2: log.entries: found nothing; expected the list of entries of a HAR file',
    ],
    ['{"log": {\n"entries": [}}', 'x.har:2: found "}}"; expected JSON as it goes on there'],
    [
      '{"log": {\n"entries": [',
      'x.har:2: found the end of the file; expected JSON as it goes on there',
    ],
    [
      har(),
      'x.har: found no entries; expected requests with their answers, bodies included: a HAR file "with content", or NDJSON',
    ],
    [
      har(entry({ response: { status: 0 } })),
      'x.har: found no entry that can be sent (1: no answer came); expected requests',
    ],
    [
      har(entry(), entry({ request: { method: 'GE T' } })),
      'x.har:38: log.entries[1].request.method: found "GE T"; expected a method such as "GET"',
    ],
    [
      har(entry({ request: { url: 'api' } })),
      'log.entries[0].request.url: found "api"; expected a URL such as',
    ],
    [
      har(entry({ request: { headers: [{ name: 'a b', value: '' }] } })),
      'log.entries[0].request.headers[0].name: found "a b"; expected the name of a header field',
    ],
    [
      har(entry({ request: { headers: [{ name: 'a', value: 1 }] } })),
      'log.entries[0].request.headers[0].value: found 1; expected the value of the header field "a" as text',
    ],
    [
      har(entry({ request: { headers: [{ name: 'a', value: 'b\u0000c' }] } })),
      'log.entries[0].request.headers[0].value: found "b\\u0000c"; expected the value',
    ],
    [
      har(entry({ request: { headers: {} } })),
      'log.entries[0].request.headers: found an object; expected a list of { "name", "value" }',
    ],
    [
      har(entry({ response: { status: 'OK' } })),
      'log.entries[0].response.status: found "OK"; expected a status such as 200',
    ],
    [
      har(entry({ response: { content: { text: '!!', encoding: 'base64' } } })),
      'log.entries[0].response.content.text: found "!!"; expected a body in base64',
    ],
    [
      har(entry({ response: { content: { text: '', encoding: 'rot13' } } })),
      'log.entries[0].response.content.encoding: found "rot13"; expected "base64", or nothing for text',
    ],
    [
      har(entry({ more: { startedDateTime: 'noon' } })),
      'log.entries[0].startedDateTime: found "noon"; expected a time such as',
    ],
  ])('that is wrong is refused with its line and field: %#', async (content, expected) => {
    expect(await complaint('x.har', content)).toContain(expected);
  });
});

describe('an NDJSON file', () => {
  it('takes header fields as an object, as pairs and as HAR has them', async () => {
    const forms = [
      { A: '1', b: ['2', '3'] },
      [
        ['A', '1'],
        ['b', '2'],
        ['b', '3'],
      ],
      [
        { name: 'A', value: '1' },
        { name: 'b', value: '2' },
        { name: 'b', value: '3' },
      ],
    ];
    const lines = forms.map((headers) =>
      JSON.stringify({ ...LINE, request: { method: 'GET', url: 'http://h/a?b', headers } }),
    );
    const { exchanges } = await read('a.ndjson', lines.join('\n'));
    expect(exchanges.map(({ request }) => request)).toEqual(
      forms.map(() => ({
        method: 'GET',
        path: '/a?b',
        headers: ['Host', 'h', 'A', '1', 'b', '2', 'b', '3'],
        body: null,
      })),
    );
  });

  it('takes bodies as they were sent, and knows those that were packed', async () => {
    const packed = gzipSync('hello');
    const response = {
      status: 200,
      headers: { 'content-encoding': 'gzip' },
      body: packed.toString('base64'),
      bodyEncoding: 'base64',
    };
    const { exchanges } = await read('b.ndjson', `${JSON.stringify({ ...LINE, response })}\n\n`);
    expect(exchanges[0]?.response.body).toEqual(packed);
    expect(exchanges[0]?.plainResponse.body).toEqual(Buffer.from('hello'));
  });

  it('takes times as text or in ms, and none', async () => {
    const times = ['2026-03-02T10:00:00Z', 5, undefined];
    const { exchanges } = await read(
      'c.ndjson',
      times.map((time) => JSON.stringify({ ...LINE, time })).join('\n'),
    );
    expect(exchanges.map(({ atMs }) => atMs)).toEqual([
      Date.parse('2026-03-02T10:00:00Z'),
      5,
      undefined,
    ]);
  });

  it('may declare lengths as it likes: they are made true, and bodies that are missing are missed', async () => {
    const line = (headers: object, body?: string) =>
      JSON.stringify({
        request: { method: 'POST', url: '/', headers, ...(body === undefined ? {} : { body }) },
        response: {
          status: 200,
          headers: [
            ['Content-Length', '7'],
            ['a', 'b'],
          ],
          body: 'four',
        },
      });
    const twice = [
      ['content-length', '9'],
      ['b', 'c'],
      ['Content-Length', '8'],
    ];
    const { exchanges, leftOut } = await read(
      'e.ndjson',
      [
        line(twice, 'xyz'),
        line({ 'content-length': '0' }),
        line({ 'content-length': '5' }),
        line({ 'content-length': '5' }, ''),
      ].join('\n'),
    );
    expect(exchanges.map(({ request }) => request.headers)).toEqual([
      ['content-length', '3', 'b', 'c'],
      ['content-length', '0'],
    ]);
    expect(exchanges[0]?.response.headers).toEqual(['Content-Length', '4', 'a', 'b']);
    expect([...leftOut]).toEqual([["the request's body is not in the file", 2]]);
  });

  it('is taken up to so many bytes of bodies', async () => {
    const response = { status: 200, body: 'x'.repeat(600) };
    const lines = Array.from({ length: 4 }, () => JSON.stringify({ ...LINE, response }));
    const most = { exchanges: 9, bytes: 1000 };
    const { exchanges, leftOut } = await read('d.ndjson', lines.join('\n'), most);
    expect(exchanges).toHaveLength(2);
    expect([...leftOut]).toEqual([['beyond the first 9, or 0 MB', 2]]);
  });

  it.each([
    ['a,b,c', 'x.ndjson:1: found "a,b,c"; expected an exchange as JSON'],
    [`${JSON.stringify(LINE)}\n[]`, 'x.ndjson:2: found a list of 0; expected an object'],
    ['{}', 'x.ndjson:1: request: found nothing; expected an object'],
    [
      '{"request":{"url":"/"},"response":{}}',
      'x.ndjson:1: request.method: found nothing; expected a method',
    ],
    [
      JSON.stringify({ ...LINE, response: { status: 100 } }),
      'response.status: found 100; expected a final status, 200 to 599',
    ],
    [JSON.stringify({ ...LINE, time: true }), 'time: found true; expected a time'],
    [
      JSON.stringify({ ...LINE, request: { method: 'GET', url: '/', headers: [['a']] } }),
      'request.headers[0]: found a list of 1; expected a pair',
    ],
    [
      JSON.stringify({ ...LINE, request: { method: 'GET', url: '/', headers: 'a: b' } }),
      'request.headers: found "a: b"; expected an object or a list',
    ],
    [
      JSON.stringify({ ...LINE, request: { method: 'GET', url: '/', body: {} } }),
      'request.body: found an object; expected a body as text',
    ],
  ])('that is wrong is refused with its line and field: %#', async (content, expected) => {
    expect(await complaint('x.ndjson', content)).toContain(expected);
  });
});

test('what is no file is refused', async () => {
  await expect(readTrafficFile(join(folder, 'none.har'), MOST)).rejects.toThrow(
    'none.har: found no such file; expected a HAR or NDJSON file',
  );
  await expect(readTrafficFile(folder, MOST)).rejects.toThrow('found a folder');
  expect(await complaint('empty.har', '')).toBe(
    'empty.har: found an empty file; expected a HAR or NDJSON file',
  );
});
