import { Readable } from 'node:stream';
import {
  Client,
  type ClientOptions,
  HttpConnection,
  UndiciConnection,
} from '@elastic/elasticsearch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runOverBoth } from './comparison.ts';
import { createFakeElasticsearch } from './fake-elasticsearch.ts';
import { type BothWays, openBothWays, type Way } from './ways.ts';

const origin = createFakeElasticsearch();
let both: BothWays;

beforeAll(async () => {
  both = await openBothWays(origin.listener);
});
afterAll(() => both[Symbol.asyncDispose]());

/** The ways that its documentation has for somebody else's connections: a function for `agent`. */
const connections = [
  {
    by: 'HttpConnection and an agent',
    Connection: HttpConnection,
    given: (way: Way) => way.agent,
  },
  {
    by: 'UndiciConnection and a dispatcher',
    Connection: UndiciConnection,
    // Time limits are up to whoever gives a function, as its documentation says.
    given: (way: Way, headersTimeout: number) =>
      way.dispatcher?.compose((dispatch) => (options, handler) => {
        return dispatch({ headersTimeout, ...options }, handler);
      }),
  },
];

function clientOver(
  way: Way,
  { Connection, given }: (typeof connections)[number],
  options: ClientOptions = {},
): Client {
  const agent = given(way, options.requestTimeout ?? 30_000);
  return new Client({
    node: way.url,
    Connection,
    maxRetries: 0,
    ...(agent === undefined ? {} : { agent: () => agent }),
    ...options,
  });
}

interface Behaviour {
  readonly name: string;
  readonly options?: ClientOptions;
  readonly run: (client: Client) => Promise<unknown>;
  /** What it gives at least, over HTTP. */
  readonly expected: object;
}

const operations = [
  { index: { _index: 'books' } },
  { title: 'Eins' },
  { index: { _index: 'books' } },
  { title: 'Zwei' },
];

const behaviours: readonly Behaviour[] = [
  { name: 'info', run: (client) => client.info(), expected: { name: 'fake' } },
  {
    name: 'a document is stored',
    run: (client) => client.index({ index: 'books', id: 'a/ü 1', document: { title: 'Grüße' } }),
    expected: { result: 'created' },
  },
  {
    name: 'a document is stored without an id',
    run: (client) => client.index({ index: 'books', document: { title: 'x' } }),
    expected: { _id: 'made' },
  },
  {
    name: 'a document is read',
    run: (client) => client.get({ index: 'books', id: 'a/ü 1' }),
    expected: { found: true },
  },
  {
    name: 'a document that is missing is an error',
    run: (client) => client.get({ index: 'books', id: 'none' }),
    expected: { failed: 'ResponseError', status: 404 },
  },
  {
    name: 'a document that is missing is no error where that is asked for',
    run: (client) =>
      client
        .get({ index: 'books', id: 'none' }, { ignore: [404], meta: true })
        .then(({ statusCode, headers, body }) => ({
          statusCode,
          type: headers['content-type'],
          body,
        })),
    expected: { statusCode: 404 },
  },
  {
    name: 'whether a document is there',
    run: async (client) => [await client.exists({ index: 'books', id: 'none' })],
    expected: [false],
  },
  {
    name: 'an update',
    run: (client) => client.update({ index: 'books', id: '1', doc: { title: 'y' } }),
    expected: { result: 'updated' },
  },
  {
    name: 'a search',
    run: (client) =>
      client.search({
        index: 'books',
        query: { match: { title: 'Grüße' } },
        size: 50,
        routing: 'a b',
      }),
    expected: { hits: { total: { value: 50 } } },
  },
  { name: 'a count', run: (client) => client.count({ index: 'books' }), expected: {} },
  {
    name: 'a bulk',
    run: (client) => client.bulk({ operations }),
    expected: { errors: false },
  },
  {
    name: 'a bulk by the helper, from a stream',
    run: async (client) => {
      async function* datasource() {
        for (let i = 0; i < 500; i++) yield { title: `Nummer ${i}` };
      }
      const { total, successful, failed } = await client.helpers.bulk({
        datasource: datasource(),
        onDocument: () => ({ index: { _index: 'books' } }),
        flushBytes: 5000,
        concurrency: 1,
      });
      return { total, successful, failed };
    },
    expected: { total: 500, failed: 0 },
  },
  {
    name: 'a search as a stream',
    run: async (client) => {
      const stream: unknown = await client.search({ index: 'books' }, { asStream: true });
      if (!(stream instanceof Readable)) throw new Error('no stream');
      let text = '';
      for await (const piece of stream) text += String(piece);
      return JSON.parse(text);
    },
    expected: { took: 1 },
  },
  {
    name: 'gzip both ways',
    options: { compression: true },
    run: (client) =>
      client.index({ index: 'books', id: '2', document: { title: 'x'.repeat(5000) } }),
    expected: { result: 'created' },
  },
  {
    name: 'a delete',
    run: async (client) => {
      await client.index({ index: 'books', id: '3', document: {} });
      return client.delete({ index: 'books', id: '3' });
    },
    expected: { result: 'deleted' },
  },
  {
    name: 'an API key',
    options: { auth: { apiKey: 'a2V5' } },
    run: (client) => client.info(),
    expected: { name: 'fake' },
  },
  {
    name: 'an error of the server',
    run: (client) => client.count({ index: 'broken' }),
    expected: { failed: 'ResponseError', status: 500 },
  },
  {
    name: 'retries after 503',
    options: { maxRetries: 2 },
    run: (client) => client.search({ index: 'busy' }),
    expected: { count: 0 },
  },
  {
    name: 'an answer that takes too long',
    options: { requestTimeout: 500 },
    run: (client) => client.count({ index: 'never' }),
    expected: { failed: 'TimeoutError' },
  },
  {
    name: 'a client that leaves',
    run: (client) => {
      const leaving = new AbortController();
      void origin.next.then(() => leaving.abort());
      return client.count({ index: 'never' }, { signal: leaving.signal });
    },
    expected: { failed: 'RequestAbortedError' },
  },
  {
    name: 'a server that is another product',
    run: (client) => client.count({ index: 'other' }),
    expected: { failed: 'ProductNotSupportedError' },
  },
];

describe.each(connections)('@elastic/elasticsearch, with $by', (connection) => {
  test.each(behaviours)('$name: the same over HTTP and over tp', async (one) => {
    const { http, tp } = await runOverBoth(both, origin, (way) =>
      one.run(clientOver(way, connection, one.options)),
    );
    expect(http.client).toMatchObject(one.expected);
    expect(http.origin.length).toBeGreaterThan(0);
    expect(tp).toEqual(http);
  });
});
