import fc from 'fast-check';
import { expect, it } from 'vitest';
import { boundTo, startFile } from '../test/chain.ts';
import { FLAG, fieldBlock, frame, requestFields, TYPE } from '../test/h2-frames.ts';
import { getFrames, rawH2Client } from '../test/h2-raw-client.ts';
import { rawOrigin } from '../test/raw-origin.ts';
import { strictRequests } from '../test/strict-requests.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** What stands in a head where a test is not about heads. */
const field = fc.tuple(
  fc.constantFrom(
    ':method',
    ':path',
    ':status',
    ':protocol',
    'host',
    'content-length',
    'x',
    'X',
    '',
    'x\0',
    'connection',
    'transfer-encoding',
    'cookie',
    'te',
  ),
  fc.oneof(
    fc.constantFrom('GET', '/hidden', '5', 'chunked', 'a\r\nb: c', ''),
    fc.string({ maxLength: 20 }),
  ),
);
const anyFlags = fc.oneof(fc.constantFrom(0, 1, 4, 5, 8, 0x20, 0x2d), fc.nat(255));
const bytes = fc.uint8Array({ maxLength: 40 });

/** The frames of one stream, as a client sends them that sometimes errs. */
function streamFrames(id: number): fc.Arbitrary<Buffer[]> {
  const head = fc
    .tuple(fc.boolean(), fc.nat(9), fc.array(field, { maxLength: 1 }), fc.boolean())
    .map(([ends, odd, more, isPost]) =>
      frame(
        TYPE.headers,
        (ends ? FLAG.endStream : 0) | (odd === 0 ? 0 : FLAG.endHeaders),
        id,
        fieldBlock(requestFields(`/s${id}`, odd < 7 ? [] : more, isPost ? 'POST' : 'GET')),
      ),
    );
  const data = fc
    .tuple(fc.boolean(), fc.string({ maxLength: 30 }))
    .map(([ends, text]) => frame(TYPE.data, ends ? FLAG.endStream : 0, id, text));
  const reset = fc
    .constantFrom(0, 1, 8)
    .map((code) => frame(TYPE.rstStream, 0, id, Buffer.of(0, 0, 0, code)));
  const any = fc
    .tuple(fc.nat(12), anyFlags, fc.constantFrom(id, id, 0, id + 1, 1), bytes)
    .map(([type, flag, on, payload]) => frame(type, flag, on, payload));
  const noise = bytes.map((raw) => Buffer.from(raw));
  const rest = fc.oneof(
    { weight: 8, arbitrary: data },
    { weight: 2, arbitrary: reset },
    { weight: 2, arbitrary: head },
    { weight: 1, arbitrary: any },
    { weight: 1, arbitrary: noise },
  );
  return fc.tuple(head, fc.array(rest, { maxLength: 3 })).map(([first, more]) => [first, ...more]);
}

const frames = fc
  .tuple(streamFrames(1), streamFrames(3), streamFrames(5), streamFrames(7))
  .map((all) => all.flat());

/** The streams that these frames may have ended as requests: whoever is lenient in all else. */
function endedStreams(sent: readonly Buffer[]): Set<number> {
  const ended = new Set<number>();
  let at = 0;
  const all = Buffer.concat(sent);
  while (at + 9 <= all.length) {
    const [type, flag] = [all[at + 3] ?? 0, all[at + 4] ?? 0];
    if (type <= 1 && (flag & FLAG.endStream) !== 0)
      ended.add(all.readUInt32BE(at + 5) & 0x7fffffff);
    at += 9 + all.readUIntBE(at, 3);
  }
  return ended;
}

it('any frames behind a preface break nothing, and only what a client has ended is a request', async () => {
  const origin = await rawOrigin((socket, received) => {
    try {
      if (strictRequests(received).rest === '') socket.write(OK);
    } catch {
      // What is malformed is found below.
    }
  });
  const proxy = await startFile(
    `listeners: [{ url: 'http://127.0.0.1:0', http2: true }]\nout: ${origin.address}\n`,
  );
  let whole = 0;
  await fc.assert(
    fc.asyncProperty(frames, async (sent) => {
      const before = origin.connections;
      const had = origin.received.map(({ length }) => length);
      const client = await rawH2Client(boundTo(proxy));
      client.send(...sent);
      client.send(frame(TYPE.ping, 0, 0, 'the last'));
      // Its frames are read when this is answered; where it hides in what is half said, nobody answers.
      await Promise.race([
        client.got(({ payload }) => String(payload) === 'the last').catch(() => undefined),
        new Promise((resolve) => setTimeout(resolve, 50)),
      ]);
      const next = await rawH2Client(boundTo(proxy));
      next.send(getFrames(1, '/next'));
      await next.got(({ type }) => type === TYPE.data);
      next.destroy();
      client.destroy();
      const ended = endedStreams(sent);
      for (let i = 0; i < origin.received.length; i++) {
        const { requests, rest } = strictRequests((origin.received[i] ?? '').slice(had[i] ?? 0));
        if (rest !== '' && i >= before) await origin.closed(i);
        const own = requests.filter(({ target }) => target !== '/next');
        whole += own.length;
        for (const { target } of own) expect(ended).toContain(Number(target.slice(2)));
      }
    }),
    { numRuns: Number(process.env.TP_PROXY_TEST_H2_FUZZ ?? 300) },
  );
  expect(whole).toBeGreaterThan(20);
});
