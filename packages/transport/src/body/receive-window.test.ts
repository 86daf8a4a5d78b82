import { describe, expect, test } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import type { LinkLimits } from '../limits.ts';
import { content } from '../test/content.ts';
import { get, serve } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { openScripted, type ScriptedPeer } from '../test/scripted-peer.ts';

const KIB = 1024;
/** Less than what may lie unread while a window grows. */
const BIT = 512;
const limits = {
  streamWindow: 4 * KIB,
  streamWindowMax: 32 * KIB,
  linkWindow: 64 * KIB,
  linkWindowMax: 64 * KIB,
  pingMinIntervalMs: 0,
};

/** A scripted dialer that uploads to a handler which reads when it is told to. */
class Upload {
  readonly clock = new FakeClock();
  /** Whether the handler reads as data comes. */
  reading = true;
  /** Bytes that were sent, and bytes that the handler has read. */
  sent = 0;
  read = 0;
  peer: ScriptedPeer | undefined;
  #exchange: ServerExchange | undefined;
  #iterator: AsyncIterator<Uint8Array> | undefined;

  async open(changed: Partial<LinkLimits> = {}): Promise<ScriptedPeer> {
    const { url } = await serve(
      (exchange) => {
        this.#exchange = exchange;
        this.#iterator = exchange.body[Symbol.asyncIterator]();
        void this.#readOn();
      },
      { clock: this.clock, codecs: ['none'], limits: { ...limits, ...changed } },
    );
    this.peer = await openScripted(url);
    this.peer.say((encoder) => encoder.request(1, get('/').head, undefined, true, 0));
    await eventually(() => this.#exchange !== undefined);
    return this.peer;
  }

  /** Credit that stands, of the stream (1) or the link (0). */
  credit(id: number, atFirst: number): number {
    const given = this.peer?.heard('credit').filter((credit) => credit.id === id) ?? [];
    return given.reduce((sum, { bytes }) => sum + bytes, atFirst) - this.sent;
  }

  /** Sends so many bytes, bit by bit as long as they are read, and waits for what follows from it. */
  async send(bytes: number): Promise<void> {
    const { peer } = this;
    if (peer === undefined) throw new Error('open() comes first');
    for (let left = bytes; left > 0; left -= BIT) {
      const length = Math.min(left, BIT);
      peer.say((encoder) => encoder.data(1, content(length), false));
      this.sent += length;
      if (this.reading) await eventually(() => this.read === this.sent);
    }
    await this.settle();
  }

  /** Waits until all has been said that was caused so far. */
  async settle(): Promise<void> {
    const { peer } = this;
    for (let i = 1; i <= 2; i++) {
      peer?.say((encoder) => encoder.ping(i));
      await peer?.next('pong');
      await turns(2);
    }
  }

  /** Reads all that has come, and goes on reading. */
  async readAll(): Promise<void> {
    this.reading = true;
    void this.#readOn();
    await eventually(() => this.read === this.sent);
    await this.settle();
  }

  async #readOn(): Promise<void> {
    while (this.reading) {
      const result = await this.#iterator?.next().catch(() => undefined);
      if (result === undefined || result.done === true) return;
      this.read += result.value.length;
    }
  }
}

/** The credit that stands after each of so many windows that were used up at once. */
async function rounds(upload: Upload, id: number, atFirst: number, count: number) {
  const seen = [];
  for (let i = 0; i < count; i++) {
    await upload.send(upload.credit(id, atFirst));
    seen.push(upload.credit(id, atFirst));
  }
  return seen;
}

/** A reader that keeps up is never given less, and each growth is to the double. */
function expectDoubling(seen: readonly number[], from: number, to: number): void {
  for (const [i, size] of seen.entries()) {
    const before = seen[i - 1] ?? from;
    expect([before, before * 2]).toContain(size);
  }
  expect(seen.at(-1)).toBe(to);
}

describe("a stream's window (W-044)", () => {
  test('doubles for a reader that keeps up, as far as streamWindowMax', async () => {
    const upload = new Upload();
    await upload.open();
    expectDoubling(await rounds(upload, 1, 4 * KIB, 10), 4 * KIB, 32 * KIB);
  });

  test.each([
    [8 * KIB - 1, 4 * KIB],
    [8 * KIB, 8 * KIB],
    [8 * KIB + 1, 8 * KIB],
  ])('whose most is %i grows to %i', async (streamWindowMax, grown) => {
    const upload = new Upload();
    await upload.open({ streamWindowMax });
    const seen = await rounds(upload, 1, 4 * KIB, 6);
    expect(seen.at(-1)).toBe(grown);
  });

  test('grows in a credit that gives something back as well', async () => {
    const upload = new Upload();
    const peer = await upload.open();
    await rounds(upload, 1, 4 * KIB, 10);
    const given = peer.heard('credit').filter(({ id }) => id === 1);
    const grown = given.filter(({ bytes }) => bytes > 16 * KIB);
    expect(grown.length).toBeGreaterThan(0);
    for (const { bytes } of grown) expect(bytes % (16 * KIB)).toBeGreaterThan(0);
  });

  test('stays for a sender that takes longer than a round trip for a window', async () => {
    const upload = new Upload();
    await upload.open();
    upload.clock.advance(50);
    await upload.send(2 * KIB);
    await upload.send(KIB + BIT);
    for (let i = 0; i < 20; i++) {
      await upload.send(2 * KIB);
      upload.clock.advance(50);
    }
    expect(upload.credit(1, 4 * KIB)).toBeLessThanOrEqual(4 * KIB);
  });

  test('stays for a reader that lets its bytes lie', async () => {
    const upload = new Upload();
    await upload.open();
    for (let i = 0; i < 10; i++) {
      upload.reading = false;
      await upload.send(upload.credit(1, 4 * KIB));
      await upload.readAll();
      expect(upload.credit(1, 4 * KIB)).toBeLessThanOrEqual(4 * KIB);
    }
  });

  test.each([-1, 0, 1])(
    'that has grown bounds what is held: a window and %i bytes more',
    async (more) => {
      const upload = new Upload();
      const peer = await upload.open();
      await rounds(upload, 1, 4 * KIB, 10);
      upload.reading = false;
      // One read is under way already: it takes the next piece.
      await upload.send(2 * KIB);
      await upload.send(upload.credit(1, 4 * KIB) + more);
      expect(upload.sent - upload.read).toBeLessThanOrEqual(32 * KIB + 1);
      const cancelled = peer.heard('cancel').map(({ code }) => code);
      expect(cancelled).toEqual(more > 0 ? ['FLOW_CONTROL'] : []);
    },
  );
});

describe("the link's window (W-044)", () => {
  const wide = { streamWindow: 64 * KIB, streamWindowMax: 64 * KIB, linkWindow: 4 * KIB };

  test('doubles likewise, as far as linkWindowMax', async () => {
    const upload = new Upload();
    await upload.open({ ...wide, linkWindowMax: 16 * KIB });
    expectDoubling(await rounds(upload, 0, 4 * KIB, 8), 4 * KIB, 16 * KIB);
  });

  test.each([
    [8 * KIB - 1, 4 * KIB],
    [8 * KIB, 8 * KIB],
    [8 * KIB + 1, 8 * KIB],
  ])('whose most is %i grows to %i', async (linkWindowMax, grown) => {
    const upload = new Upload();
    await upload.open({ ...wide, linkWindowMax });
    expect((await rounds(upload, 0, 4 * KIB, 6)).at(-1)).toBe(grown);
  });

  test('stays where its bytes come slowly', async () => {
    const upload = new Upload();
    await upload.open({ ...wide, linkWindowMax: 16 * KIB });
    await upload.send(2 * KIB);
    await upload.send(KIB + BIT);
    for (let i = 0; i < 20; i++) {
      await upload.send(2 * KIB);
      upload.clock.advance(50);
    }
    expect(upload.credit(0, 4 * KIB)).toBeLessThanOrEqual(4 * KIB);
  });
});
