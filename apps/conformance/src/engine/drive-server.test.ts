import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { crc32 } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { CaseResult, ServerCase } from '../case.ts';
import { behindLength, envelope, PREFACE, plainEnvelope } from '../craft/envelope.ts';
import { status } from '../craft/head.ts';
import { hello } from '../craft/hello.ts';
import { concat, varint } from '../craft/protobuf.ts';
import { batch, type Crafted, goaway, record, response } from '../craft/record.ts';
import { driveServer } from './drive-server.ts';

const servers: { close(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that says one piece of these for each piece that it hears, and then ends, if it does. */
async function liar(said: readonly Uint8Array[], andEnds = false) {
  const server = createServer((socket) => {
    const left = [...said];
    socket.on('error', () => {});
    socket.on('data', () => {
      const piece = left.shift();
      if (piece !== undefined) socket.write(piece);
      if (left.length === 0 && andEnds) socket.end();
    });
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { host: '127.0.0.1', port: portOf(server.address()) };
}

function portOf(address: AddressInfo | string | null): number {
  return address !== null && typeof address === 'object' ? address.port : 0;
}

const opening = concat(PREFACE, plainEnvelope(batch([hello()])));

/** What a server says that opens well, and answers the first request with these. */
function says(...records: readonly Crafted[]): Uint8Array[] {
  return [opening, plainEnvelope(batch(records))];
}

/** What became of one case against the liar. */
async function found(
  target: { host: string; port: number },
  run: ServerCase['run'],
  timeoutMs = 5_000,
): Promise<CaseResult | undefined> {
  const cases = [{ rule: 'W-000', name: 'a case', run }];
  const { results } = await driveServer(target, cases, { timeoutMs, done: () => {} });
  return results[0];
}

describe('a case fails', () => {
  it('when something else comes than it expects, and says what came', async () => {
    const target = await liar(says(response(status(200), { id: 1, body: 'no' })));
    const result = await found(target, async (server) => (await server.open()).alive());
    expect(result?.ok).toBe(false);
    expect(result?.why).toBe('expected the body of GET / "ok"; came "no"');
  });

  it('when nothing comes in time', async () => {
    const target = await liar([opening]);
    const result = await found(target, async (server) => (await server.open()).alive(), 50);
    expect(result?.why).toBe('expected a response to 1; came Hello, then nothing in 50 ms');
  });

  it('when the link ends with another code, or without a word', async () => {
    const wrong = await liar([concat(...says(goaway(0, true, 'COMPRESSION')))], true);
    const fails: ServerCase['run'] = async (server) => (await server.open()).fails('PROTOCOL');
    expect((await found(wrong, fails))?.why).toContain('came Goaway COMPRESSION, final');
    const silent = await liar([opening], true);
    expect((await found(silent, fails))?.why).toContain('came Hello, then the end');
  });

  it('when the link goes on behind the Goaway', async () => {
    const target = await liar([concat(...says(goaway(0, true, 'PROTOCOL')))]);
    const fails: ServerCase['run'] = async (server) => (await server.open()).fails('PROTOCOL');
    expect((await found(target, fails, 50))?.ok).toBe(false);
  });

  it('for a rule that it is not about, with the rule and the bytes', async () => {
    const target = await liar(
      says(response(status(200), { id: 1, body: 'ok' }), record(8, varint(8), varint(5, 2))),
    );
    const result = await found(target, async (server) => {
      const link = await server.open();
      await link.alive();
    });
    expect(result?.why).toMatch(/^the peer broke W-001: Pong has an integer .*; bytes: 08\|8500$/);
  });

  it('when a wrong crc comes with what is expected', async () => {
    const plain = batch([response(status(200), { id: 1, body: 'ok' })]);
    const bad = behindLength(envelope({ plain, crc: (crc32(plain) + 1) >>> 0 }));
    const target = await liar([opening, bad]);
    const result = await found(target, async (server) => (await server.open()).alive());
    expect(result?.why).toContain('W-017');
  });

  it('when no hello can be had, each by itself', async () => {
    const target = await liar([concat('HTTP/1.1 400 Bad Request\r\n\r\n')]);
    const result = await found(target, async (server) => void (await server.open()));
    expect(result?.why).toContain('W-007');
  });
});

describe('the kit', () => {
  it('plays side by side what it may, and alone what fills the server', async () => {
    const target = await liar([opening]);
    const log: string[] = [];
    const one = (name: string, alone?: true): ServerCase => ({
      rule: 'W-000',
      name,
      ...(alone === true ? { alone } : {}),
      async run(server) {
        log.push(`${name} begins`);
        await server.open();
        log.push(`${name} ends`);
      },
    });
    const cases = [one('c', true), one('a'), one('b')];
    const options = { timeoutMs: 5_000, done: () => {} };
    const { results } = await driveServer(target, cases, options);
    expect(results.map(({ name, ok }) => [name, ok])).toEqual([
      ['a', true],
      ['b', true],
      ['c', true],
    ]);
    expect(log.slice(0, 2)).toEqual(['a begins', 'b begins']);
    expect(log.slice(4)).toEqual(['c begins', 'c ends']);
  });

  it('leaves out what needs a codec that the server does not offer', async () => {
    const target = await liar([concat(PREFACE, plainEnvelope(batch([hello({ offers: [] })])))]);
    const needy: ServerCase = { rule: 'W-000', name: 'packs', needs: 'ZSTD', run: async () => {} };
    const { results, omitted } = await driveServer(target, [needy], {
      timeoutMs: 5_000,
      done: () => {},
    });
    expect([results, omitted]).toEqual([[], 1]);
  });
});
