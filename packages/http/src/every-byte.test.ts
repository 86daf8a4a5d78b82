import { type IncomingMessage, request as nodeRequest, type ServerResponse } from 'node:http';
import { afterAll, describe, expect, test } from 'vitest';
import {
  type Client,
  createAgent,
  fromListener,
  type Handler,
  isTpError,
  type RequestListener,
  type ResponseInit,
} from './index.ts';
import { everyByte, HARMLESS, isLegal, type Message, type Place } from './test/every-byte.ts';
import { gather, pair } from './test/pair.ts';

/** What arrived of a message on the other side. A message that was refused arrives nowhere. */
interface Arrived {
  readonly start: readonly string[];
  readonly fields: readonly string[];
  readonly trailers: readonly string[];
}

const PLACES = {
  request: ['method', 'path', 'name', 'value', 'trailer name', 'trailer value'],
  response: ['reason', 'name', 'value', 'trailer name', 'trailer value'],
} as const satisfies Record<string, readonly Place[]>;

/**
 * What a client of a way does: sends a request whose body is that id, and tells of the response;
 * throws where that failed.
 */
type Ask = (client: Client, asked: Message, id: string) => Promise<Arrived>;

const leanClient: Ask = async (client, asked, id) => {
  const response = await client.request({
    method: asked.method,
    path: asked.path,
    headers: [asked.name, asked.value],
    body: id,
    trailers: () => [asked['trailer name'], asked['trailer value']],
  });
  await gather(response.body);
  const { reason, headers, trailers } = response;
  return { start: [reason], fields: headers.raw, trailers: trailers?.raw ?? [] };
};

const agentClient: Ask = async (client, asked, id) => {
  const agent = createAgent(client);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  try {
    const out = nodeRequest({
      agent,
      method: asked.method,
      path: asked.path,
      headers: [asked.name, asked.value, 'Transfer-Encoding', 'chunked'],
    });
    out.on('response', resolve).on('error', reject);
    try {
      out.addTrailers([[asked['trailer name'], asked['trailer value']]]);
    } catch (error) {
      out.destroy();
      reject(error);
    }
    out.end(id);
    const response = await promise;
    await gather(response);
    const { statusMessage = '', rawHeaders, rawTrailers } = response;
    return { start: [statusMessage], fields: withoutFraming(rawHeaders), trailers: rawTrailers };
  } finally {
    agent.destroy();
  }
};

/** What a server of a way does: notes the request by its id, and answers with the message of that id. */
type Serve = (
  note: (id: string, arrived: Arrived) => void,
  answer: (id: string) => Message,
) => Handler;

const leanServer: Serve = (note, answer) => async (request) => {
  const id = await request.text();
  note(id, {
    start: [request.method, request.path],
    fields: request.headers.raw,
    trailers: request.trailers?.raw ?? [],
  });
  return answerOf(answer(id));
};

function answerOf(answer: Message): ResponseInit {
  return {
    reason: answer.reason,
    headers: [answer.name, answer.value],
    body: 'body',
    trailers: () => [answer['trailer name'], answer['trailer value']],
  };
}

const nodeListener: Serve = (note, answer) => {
  const listener: RequestListener = async (request, response) => {
    const id = String(await gather(request));
    const { method = '', url = '', rawHeaders, rawTrailers } = request;
    note(id, { start: [method, url], fields: withoutFraming(rawHeaders), trailers: rawTrailers });
    writeAnswer(response, answer(id));
  };
  return fromListener(listener);
};

function writeAnswer(response: ServerResponse, answer: Message): void {
  try {
    response.writeHead(200, answer.reason, [answer.name, answer.value]);
    response.write('body');
    response.addTrailers([[answer['trailer name'], answer['trailer value']]]);
    response.end();
  } catch {
    response.destroy();
  }
}

/** `transfer-encoding` is HTTP's own way to tell where a body without a length ends. */
function withoutFraming(raw: readonly string[]): string[] {
  const isFraming = (i: number) => raw[i - (i % 2)]?.toLowerCase() === 'transfer-encoding';
  return raw.filter((_, i) => !isFraming(i));
}

/** The codes by which Node refuses to write what HTTP forbids. */
const NODE_REFUSES = new Set([
  'ERR_INVALID_CHAR',
  'ERR_INVALID_HTTP_TOKEN',
  'ERR_UNESCAPED_CHARACTERS',
]);

const clients = { 'lean client': leanClient, agent: agentClient };
const servers = { 'lean server': leanServer, 'Node listener': nodeListener };

/** How many exchanges run at a time. */
const AT_ONCE = 64;

describe.each(Object.entries(clients))('%s', (clientName, ask) => {
  describe.each(Object.entries(servers))('and %s', async (serverName, serve) => {
    let noted = new Map<string, Arrived>();
    let answer: (id: string) => Message = () => HARMLESS;
    const both = await pair(
      serve(
        (id, arrived) => noted.set(id, arrived),
        (id) => answer(id),
      ),
      { onError: () => {} },
    );
    afterAll(async () => {
      expect(both.client.stats().links, 'the link still stands').toHaveLength(1);
      await both[Symbol.asyncDispose]();
    });

    /** Sends all of them, and gives for each what came back, or the error. */
    const askAll = async (all: readonly Message[]): Promise<unknown[]> => {
      const outcomes: unknown[] = [];
      for (let at = 0; at < all.length; at += AT_ONCE) {
        const some = all.slice(at, at + AT_ONCE).map((asked, i) => {
          return ask(both.client, asked, String(at + i)).catch((error: unknown) => error);
        });
        outcomes.push(...(await Promise.all(some)));
      }
      return outcomes;
    };

    test.each(PLACES.request)('every byte in a request: %s', async (place) => {
      noted = new Map();
      answer = () => HARMLESS;
      const all = everyByte(place).map((text) => ({ ...HARMLESS, [place]: text }));
      const outcomes = await askAll(all);
      for (const [i, asked] of all.entries()) {
        const sent = clientName === 'agent' ? asWrittenByNode(asked, place) : asked;
        const found = noted.get(String(i));
        const shown = JSON.stringify([asked[place], outcomes[i]]);
        if (isLegal(place, sent[place])) {
          const start = [sent.method, sent.path];
          expect(found, shown).toEqual({ start, ...fieldsOf(sent) });
          expect(outcomes[i], shown).toEqual({ start: [HARMLESS.reason], ...fieldsOf(HARMLESS) });
        } else {
          expect(found, shown).toBeUndefined();
          expect(isRefusal(outcomes[i], place), shown).toBe(true);
        }
      }
    });

    test.each(PLACES.response)('every byte in a response: %s', async (place) => {
      const all = everyByte(place).map((text) => ({ ...HARMLESS, [place]: text }));
      answer = (id) => all[Number(id)] ?? HARMLESS;
      const outcomes = await askAll(all.map(() => HARMLESS));
      for (const [i, answered] of all.entries()) {
        const sent = serverName === 'Node listener' ? asWrittenByNode(answered, place) : answered;
        const shown = JSON.stringify([answered[place], outcomes[i]]);
        if (isLegal(place, sent[place])) {
          expect(outcomes[i], shown).toEqual({ start: [sent.reason], ...fieldsOf(sent) });
        } else {
          expect(outcomes[i], shown).toMatchObject({ code: 'INTERNAL', processed: 'yes' });
          expect(isTpError(outcomes[i])).toBe(true);
        }
      }
    });
  });
});

function fieldsOf(message: Message): Pick<Arrived, 'fields' | 'trailers'> {
  return {
    fields: [message.name, message.value],
    trailers: [message['trailer name'], message['trailer value']],
  };
}

/**
 * Node writes methods in capitals, and blanks around a value are no part of it (RFC 9112 section 5).
 * Those around a reason, which says nothing to anybody, are left out too.
 */
function asWrittenByNode(message: Message, place: Place): Message {
  const text = message[place];
  if (place === 'method')
    return { ...message, method: text.replace(/[a-z]+/g, (letters) => letters.toUpperCase()) };
  const isTrimmed = place === 'value' || place === 'trailer value' || place === 'reason';
  return isTrimmed ? { ...message, [place]: text.replace(/^[\t ]+|[\t ]+$/g, '') } : message;
}

/** A head is refused before any of it is sent; for trailers the rest has gone ahead. */
function isRefusal(outcome: unknown, place: Place): boolean {
  if (!(outcome instanceof Error) || !('code' in outcome)) return false;
  if (!isTpError(outcome)) return NODE_REFUSES.has(String(outcome.code));
  const isHead = !place.startsWith('trailer');
  return outcome.code === 'INVALID_ARGUMENT' && (!isHead || outcome.processed === 'no');
}
