import { DEFAULT_LIMITS } from '@tp/wire';
import { expect, test } from 'vitest';
import type { LinkLimits } from '../limits.ts';
import type { Pool } from '../pool/pool.ts';
import { Source } from '../test/content.ts';
import { pool, post } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { acceptOpen, type ScriptedPeer, scriptedServer } from '../test/scripted-peer.ts';

const KIB = 1024;
const PIECE = 16 * KIB;
const LENGTH = 200 * KIB;

/** A client whose peer lets each body have one byte, and more when a test says so. */
async function stuck(limits: Partial<LinkLimits>): Promise<{ client: Pool; peer: ScriptedPeer }> {
  const server = await scriptedServer();
  const client = pool(server.url, { codecs: ['none'], limits });
  const peer = await acceptOpen(server, {
    limits: { ...DEFAULT_LIMITS, streamWindow: 1, linkWindow: 64 * LENGTH },
  });
  await client.ready();
  return { client, peer };
}

/** Starts an upload; gives its source once that rests. */
async function upload(client: Pool, length = LENGTH): Promise<Source> {
  const source = new Source(length, PIECE);
  client.call(post('/', [], { stream: { source } })).catch(() => {});
  await rest(source);
  return source;
}

async function rest(source: Source): Promise<void> {
  for (let before = -1; before !== source.taken; ) {
    before = source.taken;
    await turns(30);
  }
}

/** Bytes of a body that its peer has got. */
function got(peer: ScriptedPeer, id: number): number {
  const data = peer.heard('data').filter((piece) => piece.id === id);
  return data.reduce((sum, { body }) => sum + body.length, 0);
}

// One byte of the four pieces has left.
test.each([
  [4 * PIECE - 2, 4],
  [4 * PIECE - 1, 4],
  [4 * PIECE, 5],
  [8 * PIECE, 9],
])('streamBuffer %i: a source is paused after %i pieces', async (streamBuffer, read) => {
  const { client, peer } = await stuck({ streamBuffer });
  const source = await upload(client);
  expect(source.taken).toBe(read * PIECE);
  peer.say((encoder) => encoder.credit(1, PIECE));
  await eventually(() => got(peer, 1) === PIECE + 1);
  await rest(source);
  expect(source.taken).toBe((read + 1) * PIECE);
  peer.say((encoder) => encoder.credit(1, LENGTH));
  await eventually(() => got(peer, 1) === LENGTH);
});

test.each([
  [4 * PIECE - 3, 4],
  [4 * PIECE - 2, 4],
  [4 * PIECE - 1, 5],
])('linkBuffer %i: two sources are paused after %i pieces in all', async (linkBuffer, read) => {
  const { client, peer } = await stuck({ streamBuffer: LENGTH, linkBuffer });
  const first = await upload(client, 2 * PIECE);
  const second = await upload(client);
  expect(first.taken + second.taken).toBe(read * PIECE);
  peer.say((encoder) => encoder.credit(1, 2 * PIECE));
  await eventually(() => got(peer, 1) === 2 * PIECE);
  await rest(second);
  expect(first.taken + second.taken).toBe(6 * PIECE);
});

test('bodies that cannot be sent hold up none that can, on a link whose buffer they fill', async () => {
  const { client, peer } = await stuck({ streamBuffer: LENGTH, linkBuffer: 100 * KIB });
  const held = await upload(client);
  expect(held.taken).toBe(7 * PIECE);
  const late = [await upload(client), await upload(client)];
  expect(late.map(({ taken }) => taken)).toEqual([PIECE, PIECE]);
  peer.say((encoder) => encoder.credit(3, LENGTH));
  await eventually(() => got(peer, 3) === LENGTH);
  await turns();
  expect(held.taken).toBe(7 * PIECE);
  expect(late[0]?.taken).toBe(PIECE);
  peer.say((encoder) => encoder.credit(1, LENGTH));
  await eventually(() => got(peer, 1) === LENGTH);
  await eventually(() => (late[0]?.taken ?? 0) > PIECE);
  peer.say((encoder) => encoder.credit(2, LENGTH));
  await eventually(() => got(peer, 2) === LENGTH);
});

test('processBuffer: links share it, and one that lets go of some makes room on another', async () => {
  const limits = { streamBuffer: 8 * PIECE, processBuffer: 4 * PIECE };
  const [one, two] = [await stuck(limits), await stuck(limits)];
  const first = await upload(one.client);
  expect(first.taken).toBe(5 * PIECE);
  const second = await upload(two.client);
  expect(second.taken).toBe(PIECE);
  one.peer.say((encoder) => encoder.credit(1, LENGTH));
  await eventually(() => got(one.peer, 1) === LENGTH);
  await rest(second);
  expect(second.taken).toBe(5 * PIECE);
  two.peer.say((encoder) => encoder.credit(1, LENGTH));
  await eventually(() => got(two.peer, 1) === LENGTH);
});

test('what a link had read ahead makes room for others when it ends', async () => {
  const limits = { streamBuffer: 8 * PIECE, processBuffer: 4 * PIECE };
  const [one, two] = [await stuck(limits), await stuck(limits)];
  const first = await upload(one.client);
  const second = await upload(two.client);
  expect([first.taken, second.taken]).toEqual([5 * PIECE, PIECE]);
  one.peer.socket.destroy();
  await eventually(() => first.returned);
  await rest(second);
  expect(second.taken).toBe(5 * PIECE);
});
