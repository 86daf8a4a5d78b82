import OpenAI, { type ClientOptions, toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runOverBoth } from './comparison.ts';
import { createFakeOpenai } from './fake-openai.ts';
import { digest } from './recorder.ts';
import { type BothWays, openBothWays, type Way } from './ways.ts';

const origin = createFakeOpenai();
let both: BothWays;

beforeAll(async () => {
  both = await openBothWays(origin.listener);
});
afterAll(() => both[Symbol.asyncDispose]());

/** The SDK as its documentation says: a `fetch` of one's own. */
function sdkOver(way: Way, options: ClientOptions = {}): OpenAI {
  const baseURL = `${way.url}/v1`;
  return new OpenAI({ apiKey: 'the-key', baseURL, fetch: way.fetch, maxRetries: 0, ...options });
}

interface Behaviour {
  readonly name: string;
  readonly options?: ClientOptions;
  readonly run: (sdk: OpenAI) => Promise<unknown>;
  /** What it gives at least, over HTTP. */
  readonly expected: object;
}

const chat = (model: string) => ({
  model,
  messages: [{ role: 'user' as const, content: 'Sag etwas, bitte: äöü' }],
});

const behaviours: readonly Behaviour[] = [
  {
    name: 'a chat completion',
    run: (sdk) => sdk.chat.completions.create(chat('m')),
    expected: { choices: [{ message: { content: 'Ein Satz, Wort für Wort.' } }] },
  },
  {
    name: 'a chat completion with its response',
    run: async (sdk) => {
      const { response, request_id } = await sdk.chat.completions.create(chat('m')).withResponse();
      return { status: response.status, type: response.headers.get('content-type'), request_id };
    },
    expected: { status: 200, request_id: 'req_1' },
  },
  {
    name: 'a chat completion as a stream of events',
    run: async (sdk) => {
      const words: unknown[] = [];
      for await (const event of await sdk.chat.completions.create({ ...chat('m'), stream: true })) {
        words.push(event.choices[0]?.delta.content);
      }
      return words;
    },
    expected: ['Ein ', 'Satz, ', 'Wort ', 'für ', 'Wort.'],
  },
  {
    name: 'a stream that is left after its first event, while the server has more to say',
    run: async (sdk) => {
      for await (const event of await sdk.chat.completions.create({
        ...chat('stalls'),
        stream: true,
      })) {
        return [event.choices[0]?.delta.content];
      }
      return [];
    },
    expected: ['Ein '],
  },
  {
    name: 'a stream that is aborted by its controller',
    run: async (sdk) => {
      const stream = await sdk.chat.completions.create({ ...chat('stalls'), stream: true });
      let events = 0;
      for await (const _ of stream) if (++events === 5) stream.controller.abort();
      return [events];
    },
    expected: [5],
  },
  {
    name: 'embeddings, unpacked from base64',
    run: (sdk) => sdk.embeddings.create({ model: 'm', input: ['eins', 'zwei'] }),
    expected: { data: [{ embedding: [0.5, -0.25, 1] }] },
  },
  {
    name: 'a list',
    run: async (sdk) => (await sdk.models.list()).data,
    expected: [{ id: 'm' }],
  },
  {
    name: 'a list over several pages',
    run: async (sdk) => {
      const ids: string[] = [];
      for await (const { id } of sdk.fineTuning.jobs.list()) ids.push(id);
      return ids;
    },
    expected: ['j0', 'j1', 'j2'],
  },
  {
    name: 'what is not there',
    run: (sdk) => sdk.models.retrieve('none/such thing'),
    expected: { failed: 'Error', status: 404 },
  },
  {
    name: 'a key that is not known',
    options: { apiKey: 'another' },
    run: (sdk) => sdk.models.list(),
    expected: { failed: 'Error', code: 'invalid_api_key', status: 401 },
  },
  {
    name: 'an error of the server',
    run: (sdk) => sdk.chat.completions.create(chat('broken')),
    expected: { failed: 'Error', status: 500 },
  },
  {
    name: 'retries after 429',
    options: { maxRetries: 2 },
    run: (sdk) => sdk.chat.completions.create(chat('busy')),
    expected: { object: 'chat.completion' },
  },
  {
    name: 'an upload of a file in a form',
    run: async (sdk) => {
      const file = await toFile(Buffer.alloc(200_000, 'zeile\n'), 'zeilen.jsonl');
      const { id } = await sdk.files.create({ file, purpose: 'batch' });
      return { id };
    },
    expected: { id: 'file_1' },
  },
  {
    name: 'a download of bytes',
    run: async (sdk) => {
      const speech = await sdk.audio.speech.create({ model: 'm', voice: 'alloy', input: 'Hallo' });
      return [digest(new Uint8Array(await speech.arrayBuffer()))];
    },
    expected: [expect.stringMatching(/^200000 /)],
  },
  {
    name: 'an answer that takes too long',
    options: { timeout: 500, defaultHeaders: { 'x-answer': 'never' } },
    run: (sdk) => sdk.models.list(),
    expected: { failed: 'Error' },
  },
  {
    name: 'a client that leaves before the answer',
    options: { defaultHeaders: { 'x-answer': 'never' } },
    run: (sdk) => {
      const leaving = new AbortController();
      void origin.next.then(() => leaving.abort());
      return sdk.models.list({ signal: leaving.signal });
    },
    expected: { failed: 'Error' },
  },
];

describe('openai, with a fetch', () => {
  test.each(behaviours)(
    '$name: the same over HTTP and over tp',
    async ({ run, options, expected }) => {
      const { http, tp } = await runOverBoth(both, origin, (way) => run(sdkOver(way, options)));
      expect(http.client).toMatchObject(expected);
      expect(http.origin.length).toBeGreaterThan(0);
      expect(tp).toEqual(http);
    },
  );
});
