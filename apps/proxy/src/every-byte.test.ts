import { describe, expect, it, vi } from 'vitest';
import { startChain } from './test/chain.ts';
import { hasWholeResponse, rawClient } from './test/raw-client.ts';
import { type RawOrigin, rawOrigin } from './test/raw-origin.ts';

/*
 * What may stand where, by the grammar of RFC 9110 and RFC 9112; text is latin1. A gateway passes a
 * message on as it came or not at all: it is never held to accept what HTTP does not allow, and
 * must accept what HTTP does, but for methods, of which it need not know all (RFC 9110 section 9.1).
 */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?$/;
/** RFC 3986 section 3.3 and 3.4. */
const PATH = /^\/[\w\-.~!$&'()*+,;=:@%/?]*$/;

type Place = 'method' | 'path' | 'name' | 'value' | 'reason';
/** How many exchanges run at a time, each on a connection of its own. */
const AT_ONCE = 32;
/** A body names the exchange, in so many digits. */
const DIGITS = 4;

/** Each of the 256 bytes between letters, and for a value and a phrase at both ends. */
function everyByte(place: Place): string[] {
  const texts: string[] = [];
  for (let byte = 0; byte < 256; byte++) {
    const character = String.fromCharCode(byte);
    texts.push(`X${character}Y`);
    if (place === 'value' || place === 'reason') texts.push(`${character}XY`, `XY${character}`);
  }
  return place === 'path' ? texts.map((text) => `/${text}`) : texts;
}

/** A field line as a recipient reads it; undefined where it is none (RFC 9112 section 5). */
function readLine(line: string): string | undefined {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(0, colon));
  const value = line.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, '');
  return TOKEN.test(name) && VALUE.test(value) ? `${name}: ${value}` : undefined;
}

function idOf(index: number): string {
  return String(index).padStart(DIGITS, '0');
}

/** Sends each on a connection of its own; gives what came back, all of it. */
async function sendAll(address: string, requests: readonly string[]): Promise<string[]> {
  const answers: string[] = [];
  for (let at = 0; at < requests.length; at += AT_ONCE) {
    const some = requests.slice(at, at + AT_ONCE).map(async (request) => {
      const client = await rawClient(address);
      client.write(request);
      const answer = await client.got(hasWholeResponse).catch(() => client.received);
      client.destroy();
      return answer;
    });
    answers.push(...(await Promise.all(some)));
  }
  return answers;
}

/** An origin that answers each request by what `answer` gives for the id in its body. */
function origin(answer: (id: string) => string): Promise<RawOrigin> {
  const done = new Map<number, number>();
  return rawOrigin((socket, received, turn) => {
    for (;;) {
      const start = done.get(turn) ?? 0;
      const found = requestAt(received, start);
      if (found === undefined) return;
      done.set(turn, found.end);
      socket.write(answer(found.id), 'latin1');
    }
  });
}

interface Received {
  readonly id: string;
  readonly head: string;
  readonly trailers: string;
  readonly end: number;
}

/** The request that starts there, once it is complete. */
function requestAt(text: string, start: number): Received | undefined {
  const headEnd = text.indexOf('\r\n\r\n', start);
  if (headEnd < 0) return undefined;
  const head = text.slice(start, headEnd);
  const body = headEnd + 4;
  if (!/^transfer-encoding: chunked$/im.test(head)) {
    const end = body + DIGITS;
    const id = text.slice(body, end);
    return text.length < end ? undefined : { id, head, trailers: '', end };
  }
  const chunk = `${DIGITS}\r\n`.length;
  const last = body + chunk + DIGITS + 2;
  if (!text.startsWith('0\r\n', last)) return undefined;
  const end = text.indexOf('\r\n\r\n', last);
  if (end < 0) return undefined;
  const id = text.slice(body + chunk, body + chunk + DIGITS);
  return { id, head, trailers: text.slice(last + 3, end), end: end + 4 };
}

/** Every complete request that the origin got, by its id. */
function receivedBy({ received }: RawOrigin): Map<string, Received> {
  const all = new Map<string, Received>();
  for (const text of received) {
    for (let at = 0; ; ) {
      const found = requestAt(text, at);
      if (found === undefined) break;
      all.set(found.id, found);
      at = found.end;
    }
  }
  return all;
}

const okTo = (id: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${DIGITS}\r\n\r\n${id}`;

vi.setConfig({ testTimeout: 30_000 });

describe('every byte in a request, through a pair', () => {
  it.each<[Place, (text: string) => boolean]>([
    ['method', () => false],
    ['path', (text) => PATH.test(text)],
    ['name', () => true],
    ['value', () => true],
  ])('%s: arrives as it was sent, or the request is refused', async (place, must) => {
    const to = await origin(okTo);
    const { address } = await startChain('a pair', to.address);
    const cases = everyByte(place).map((text, i) => {
      const method = place === 'method' ? text : 'POST';
      const path = place === 'path' ? text : '/path';
      const line = `${place === 'name' ? text : 'x-name'}: ${place === 'value' ? text : 'value'}`;
      const start = `${method} ${path} HTTP/1.1\r\nHost: a\r\n`;
      const rest = `Content-Length: ${DIGITS}`;
      const read = readLine(line);
      return {
        text,
        request: `${start}${line}\r\n${rest}\r\n\r\n${idOf(i)}`,
        // A blank or a line's end in the request line makes more or fewer parts of it.
        legal: read !== undefined && TOKEN.test(method) && !/[\0-\x20\x7f]/.test(path),
        passed: `${start}${read}\r\n${rest}`,
        must: must(text),
      };
    });
    const answers = await sendAll(
      address,
      cases.map(({ request }) => request),
    );
    const arrived = receivedBy(to);
    for (const [i, { text, legal, passed, must: isDue }] of cases.entries()) {
      const found = arrived.get(idOf(i));
      const shown = JSON.stringify([text, answers[i]]);
      if (found !== undefined) {
        expect([legal, found.head], shown).toEqual([true, passed]);
        expect(answers[i], shown).toContain(`\r\n\r\n${idOf(i)}`);
      } else {
        expect(legal && isDue, shown).toBe(false);
        expect(answers[i], shown).toMatch(/^(?:HTTP\/1\.1 400 |$)/);
      }
    }
    expect(arrived.size).toBe(to.received.join('').match(/ HTTP\/1\.1\r\n/g)?.length ?? 0);
  });

  it.each<Place>(['name', 'value'])(
    'a trailer’s %s: arrives as it was sent, or the request never ends well',
    async (place) => {
      const to = await origin(okTo);
      const { address } = await startChain('a pair', to.address);
      const cases = everyByte(place).map((text, i) => {
        const line = `${place === 'name' ? text : 'x-last'}: ${place === 'value' ? text : 'value'}`;
        const head = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
        const request = `${head}${DIGITS}\r\n${idOf(i)}\r\n0\r\n${line}\r\n\r\n`;
        return { text, request, passed: readLine(line) };
      });
      const answers = await sendAll(
        address,
        cases.map(({ request }) => request),
      );
      const arrived = receivedBy(to);
      for (const [i, { text, passed }] of cases.entries()) {
        const shown = JSON.stringify([text, answers[i]]);
        expect(arrived.get(idOf(i))?.trailers, shown).toBe(passed);
      }
    },
  );
});

describe('every byte in a response, through a pair', () => {
  it.each<Place>(['reason', 'name', 'value'])(
    '%s: arrives as it was sent, or is answered 502',
    async (place) => {
      const texts = everyByte(place);
      const lineOf = (text: string): string =>
        `${place === 'name' ? text : 'x-name'}: ${place === 'value' ? text : 'value'}`;
      const headOf = (text: string, line: string): string =>
        `HTTP/1.1 200 ${place === 'reason' ? text : 'Fine'}\r\n${line}\r\nContent-Length: ${DIGITS}`;
      const to = await origin((id) => {
        const text = texts[Number(id)] ?? '';
        return `${headOf(text, lineOf(text))}\r\n\r\n${id}`;
      });
      const { address } = await startChain('a pair', to.address);
      const requests = texts.map(
        (_, i) => `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${DIGITS}\r\n\r\n${idOf(i)}`,
      );
      const answers = await sendAll(address, requests);
      for (const [i, text] of texts.entries()) {
        const line = readLine(lineOf(text));
        const shown = JSON.stringify([text, answers[i]]);
        // Blanks around a phrase are allowed and say nothing (RFC 9112 section 4); they are left out.
        const reason = text.replace(/^[\t ]+|[\t ]+$/g, '');
        const isLegal = line !== undefined && (place !== 'reason' || VALUE.test(reason));
        if (isLegal) expect(answers[i], shown).toBe(`${headOf(reason, line)}\r\n\r\n${idOf(i)}`);
        else expect(answers[i], shown).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n[\s\S]*UPSTREAM/);
      }
    },
  );
});
