import { once } from 'node:events';
import { connect } from 'node:net';
import { DEFAULT_LIMITS, type Envelope, EnvelopeDecoder } from '@tp/wire';
import { describe, expect, test } from 'vitest';
import { readVectors } from '../../../wire/src/test/vectors/read.ts';
import type { Offer, Said, Step, Vector } from '../../../wire/src/test/vectors/vector.ts';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import {
  type Codec,
  deflate,
  type LinkLimits,
  type LinkOptions,
  portableDeflate,
  type Unpacker,
  zstd,
} from '../index.ts';
import { folder, get, pool, post, serve } from '../test/ends.ts';
import { eventually } from '../test/eventually.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { acceptOpen, ScriptedPeer, scriptedServer } from '../test/scripted-peer.ts';

/*
 * The vectors of @tp/wire, played to the codecs, to a server over a real socket, and to a client.
 * What the records of a batch say is held in @tp/wire; here it is what a link makes of them.
 */
const topics = readVectors();

/** Runs a test for each vector. */
function each(vectors: readonly Vector[], run: (vector: Vector) => Promise<void>): void {
  for (const vector of vectors) {
    test(`${vector.name} (${vector.rules.join(', ')})`, () => run(vector));
  }
}

const ROOMY = { ...DEFAULT_LIMITS, batchPacked: 2 ** 22, batchUnpacked: 2 ** 22, windows: 16 };

/** Sound envelopes of a vector, with what they unpack to. */
function envelopesOf({ opening, steps }: Vector): (readonly [Envelope, Uint8Array | undefined])[] {
  const found: (readonly [Envelope, Uint8Array | undefined])[] = [];
  if (opening === true) return found;
  for (const { bytes, unpacked, error } of steps) {
    if (error !== undefined) continue;
    const decoder = new EnvelopeDecoder(ROOMY);
    decoder.opened();
    for (const envelope of decoder.push(bytes)) found.push([envelope, unpacked]);
  }
  return found;
}

describe('codecs', () => {
  const packed = topics.flatMap(({ vectors }) =>
    vectors.filter(({ steps }) => steps.some(({ unpacked }) => unpacked !== undefined)),
  );
  test.each([
    ['native', [zstd, deflate]],
    ['portable', [portableDeflate]],
  ] as const)('the %s ones unpack what was packed elsewhere', (_, codecs) => {
    let count = 0;
    for (const vector of packed) {
      const unpackers: (Unpacker | undefined)[] = [];
      for (const [{ packed: bytes, window, windowId }, unpacked] of envelopesOf(vector)) {
        if (window !== undefined) {
          const codec: Codec | undefined = codecs.find(({ name }) => name === window.codec);
          unpackers[windowId]?.close();
          unpackers[windowId] = codec?.unpacker(window.windowLog, DEFAULT_LIMITS.batchUnpacked);
        }
        const unpacker = unpackers[windowId];
        if (unpacker === undefined || bytes === undefined || unpacked === undefined) continue;
        expect(Buffer.compare(unpacker.unpack(bytes), unpacked), vector.name).toBe(0);
        count++;
      }
      for (const unpacker of unpackers) unpacker?.close();
    }
    expect(count).toBeGreaterThan(10);
  });
});

/** The limits that a vector's receiver says. */
function limitsOf({ receiver = {} }: Vector): Partial<LinkLimits> {
  const camel = (name: string) =>
    name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  const said = Object.entries(receiver).map(([name, value]) => [camel(name), value]);
  return { windows: 0, ...Object.fromEntries(said) };
}

const DEFAULT_OFFERS: readonly Offer[] = [
  { codec: 'ZSTD', window_log: 20 },
  { codec: 'DEFLATE', window_log: 15 },
];

function optionsOf(vector: Vector): LinkOptions {
  const codecs = (vector.offers ?? DEFAULT_OFFERS).map(({ codec, window_log }) => ({
    ...(codec === 'ZSTD' ? zstd : deflate),
    windowLog: window_log,
  }));
  return { clock: new FakeClock(), limits: limitsOf(vector), codecs };
}

/** The token of a ping behind a vector, which an open link answers. */
const SIGN_OF_LIFE = 424_242;

/** Says the steps; pings must be answered before the next one is said. */
async function play(peer: ScriptedPeer, steps: readonly Step[]): Promise<void> {
  for (const { bytes, records } of steps) {
    peer.raw(bytes);
    for (const said of records) {
      if (said.kind === 'ping') expect((await peer.next('pong')).token).toBe(said.token);
    }
  }
}

/**
 * The errors that a vector expects, against what the peer was told. Cancels that still wait when
 * the link ends are not said.
 */
async function judged(peer: ScriptedPeer, steps: readonly Step[]): Promise<void> {
  const streams = steps.flatMap(({ records }) => records.filter(isStreamError));
  const expected = streams.map(({ id, code }) => ({ id, code }));
  const cancels = () => peer.heard('cancel').map(({ id, code }) => ({ id, code }));
  const fault = steps.at(-1)?.error;
  if (fault === undefined) peer.say((encoder) => encoder.ping(SIGN_OF_LIFE));
  const lives = () => peer.heard('pong').some(({ token }) => token === SIGN_OF_LIFE);
  await eventually(() => peer.ended || lives());
  if (fault === undefined) {
    expect(peer.heard('goaway')).toEqual([]);
    expect(cancels()).toEqual(expected);
    return;
  }
  const [goaway] = peer.heard('goaway');
  expect(goaway?.final, 'the link ends with a goaway').toBe(true);
  expect([fault.code, fault.or]).toContain(goaway?.code);
  await peer.end();
  expect(expected).toEqual(expect.arrayContaining(cancels()));
}

function isStreamError(said: Said): said is Extract<Said, { kind: 'error' }> {
  return said.kind === 'error' && said.one_way !== true;
}

/** A request as its handler sees it; a body that is still to come is not looked at. */
function shown(exchange: ServerExchange): unknown {
  const { method, path, headers } = exchange;
  const body = exchange.receiving ? undefined : exchange.bytes();
  return {
    head: [[':method', method], [':path', path], ...headers],
    body: body instanceof Uint8Array ? Buffer.from(body).toString('latin1') : 'streamed',
  };
}

/** The same, as a vector says it. */
function wanted(said: Said): readonly unknown[] {
  if (said.kind !== 'request') return [];
  return [{ head: said.head, body: said.more === true ? 'streamed' : (said.body ?? '') }];
}

describe.each(topics)('a server and the vectors of $name', ({ vectors }) => {
  const ours = vectors.filter(({ steps }) => steps.every(({ from }) => from === 'dialer'));
  each(ours, async (vector) => {
    const handled: unknown[] = [];
    const at = vector.checksum === false ? `teleport+unix:${folder()}/link` : undefined;
    const { url } = await serve((exchange) => handled.push(shown(exchange)), optionsOf(vector), at);
    const socket =
      at === undefined
        ? connect({ host: '127.0.0.1', port: Number(new URL(url).port), noDelay: true })
        : connect({ path: url.replace('teleport+unix:', '') });
    await once(socket, 'connect');
    const peer = new ScriptedPeer(socket);
    if (vector.opening !== true) {
      peer.greet({ checksum: vector.checksum ?? true });
      await peer.next('hello');
    }
    await play(peer, vector.steps);
    if (vector.opening === true && vector.steps.at(-1)?.error !== undefined) {
      await peer.end();
      expect(socket.bytesRead).toBe(0);
      return;
    }
    await judged(peer, vector.steps);
    // Requests that stand before a fault in its envelope may have been handled (W-026).
    const requests = vector.steps.flatMap(({ records }) => records.flatMap(wanted));
    const isFaulty = vector.steps.at(-1)?.error !== undefined;
    expect(isFaulty ? handled.slice(0, requests.length) : handled).toEqual(requests);
  });
});

/** A body that never comes. */
const silent: AsyncIterable<Uint8Array> = {
  [Symbol.asyncIterator]: () => ({
    next: () => new Promise(() => {}),
    return: () => Promise.resolve({ done: true, value: undefined }),
  }),
};

describe('a client', () => {
  const ours = topics
    .flatMap(({ vectors }) => vectors)
    .filter(
      ({ level, steps }) => level === 'link' && steps.some(({ from }) => from === 'acceptor'),
    );
  each(ours, async (vector) => {
    const asked = vector.steps.filter(({ from }) => from === 'dialer');
    const answers = vector.steps.filter(({ from }) => from === 'acceptor');
    const server = await scriptedServer();
    const client = pool(server.url, optionsOf(vector));
    const requests = asked.flatMap(({ records }) => records);
    for (const said of requests) {
      const isStreamed = said.kind === 'request' && said.more === true;
      const init = isStreamed ? post('/', [], { stream: { source: silent } }) : get('/');
      client.call(init).catch(() => {});
    }
    const peer = await acceptOpen(server);
    for (const _ of requests) await peer.next('request');
    await play(peer, answers);
    await judged(peer, answers);
  });
});
