import { crc32 } from 'node:zlib';
import type { ServerCase } from '../case.ts';
import { behindLength, envelope, windowStart } from '../craft/envelope.ts';
import { get, post } from '../craft/head.ts';
import { bytes, concat, uint } from '../craft/protobuf.ts';
import {
  batch,
  type Crafted,
  cancel,
  credit,
  data,
  ping,
  pong,
  record,
  request,
} from '../craft/record.ts';
import type { ServerLink } from '../engine/server-link.ts';
import { needing } from './shapes.ts';

/*
 * The numbers of W-094 to W-096 are defaults; a receiver may allow more, up to a hundred times
 * (W-099). So what is within them must be taken, and what is a hundred times them must not.
 */
const GLITCHES = 10_000;
const CANCELS = 1_000;
/** The largest number of W-094: pings that are not answered. */
const PINGS = 10;
const MORE = 101;
const AT_ONCE = 1_000;

/** A kind of useless record, of which many end the link. */
interface Useless {
  readonly rule: string;
  readonly what: string;
  /** How many there may be at once. */
  readonly most: number;
  /** Many of them: so many as bytes of envelopes. */
  make(link: ServerLink): (count: number) => Uint8Array;
  /** A receiver need not count them (SHOULD). */
  readonly mayBeFree?: true;
}

/** A flood of records that do not differ. */
function same(said: Crafted): (count: number) => Uint8Array {
  return (count) => envelopeOf(new Array<Crafted>(count).fill(said));
}

const KINDS: readonly Useless[] = [
  {
    rule: 'W-095',
    what: 'empty Data without an end',
    most: GLITCHES,
    make: (link) => same(data(link.ask(post('/hold/empty'), { more: true }), '')),
  },
  { rule: 'W-095', what: 'Credit of 0', most: GLITCHES, make: () => same(credit(0, 0)) },
  { rule: 'W-095', what: 'pongs that nobody asked for', most: GLITCHES, make: () => same(pong(9)) },
  {
    rule: 'W-095',
    what: 'empty envelopes',
    most: GLITCHES,
    make: () => (count) => concat(...new Array(count).fill(behindLength(envelope({ crc: 0 })))),
  },
  {
    rule: 'W-002',
    what: 'unknown kinds of record',
    most: GLITCHES,
    mayBeFree: true,
    make: () => same(record(12)),
  },
  {
    rule: 'W-002',
    what: 'unknown fields',
    most: GLITCHES,
    mayBeFree: true,
    make: () => same({ bytes: bytes(5, uint(2, 1), uint(99, 1)), note: undefined }),
  },
];

/** Half of what every receiver allows is taken. */
function few({ what, most, make }: Useless): ServerCase {
  return {
    rule: 'W-099',
    name: `${most / 2} times ${what} at once are borne`,
    async run(server) {
      const link = await server.open();
      const flood = make(link);
      for (let said = 0; said < most / 2; said += AT_ONCE / 2) link.raw(flood(AT_ONCE / 2));
      await link.alive();
    },
  };
}

/** A hundred times what is allowed ends the link. */
function many({ rule, what, most, make, mayBeFree }: Useless): ServerCase {
  const end = mayBeFree === true ? 'may end the link' : 'end the link';
  return {
    rule,
    name: `floods of ${what} ${end} with ENHANCE_YOUR_CALM`,
    alone: true,
    async run(server) {
      const link = await server.open();
      const flood = make(link);
      for (let said = 0; said < MORE * most; said += AT_ONCE) {
        if (!(await link.rawInTurn(flood(AT_ONCE)))) break;
      }
      if (mayBeFree !== true || link.ended !== undefined) {
        await link.failsUnderFlood('ENHANCE_YOUR_CALM');
      }
    },
  };
}

/** Windows that start anew; a server that can unpack nothing has none. */
const RESTARTS: Useless = {
  rule: 'W-081',
  what: 'windows that start anew',
  most: GLITCHES,
  make: () => {
    const one = behindLength(envelope({ window: windowStart('DEFLATE', 9), crc: 0 }));
    return (count) => concat(...new Array(count).fill(one));
  },
};

const resets: readonly ServerCase[] = [
  {
    rule: 'W-095',
    name: 'one Cancel for each ten streams that are complete is borne, however many have been',
    alone: true,
    async run(server) {
      const link = await server.open();
      const cancels = async (count: number) => {
        for (let i = 0; i < count; i++) link.send(cancel(1));
        await link.alive();
      };
      await link.alive();
      await cancels(CANCELS - 100);
      for (let done = 0; done < 5 * CANCELS; done += AT_ONCE) {
        const last = link.send(...new Array<Crafted>(AT_ONCE).fill(request(get('/'))));
        await link.answer(last);
      }
      // A tenth of those was earned back; at 33 a second it would have taken a quarter of a minute.
      await cancels(CANCELS / 2);
    },
  },
  {
    rule: 'W-099',
    name: 'five hundred requests that are cancelled at once are borne',
    async run(server) {
      const link = await server.open();
      for (let i = 0; i < CANCELS / 2; i++) link.send(cancel(link.ask(get('/hold/reset'))));
      await link.alive();
    },
  },
  {
    rule: 'W-095',
    name: 'floods of requests that are cancelled at once end the link with ENHANCE_YOUR_CALM',
    alone: true,
    async run(server) {
      const link = await server.open();
      const pairs = 200;
      let id = 0;
      for (let said = 0; said < MORE * CANCELS; said += pairs) {
        const records = Array.from({ length: pairs }, () => {
          id++;
          return [request(get('/hold/reset'), { id }), cancel(id)];
        }).flat();
        for (const { note } of records) if (note !== undefined) link.referee.kitSays(note);
        if (!(await link.rawInTurn(envelopeOf(records)))) break;
      }
      await link.failsUnderFlood('ENHANCE_YOUR_CALM');
    },
  },
  {
    rule: 'W-095',
    name: 'floods of Cancels for a stream that has ended end the link with ENHANCE_YOUR_CALM',
    alone: true,
    async run(server) {
      const link = await server.open();
      await link.alive();
      const flood = same(cancel(1));
      for (let said = 0; said < MORE * CANCELS; said += AT_ONCE) {
        if (!(await link.rawInTurn(flood(AT_ONCE)))) break;
      }
      await link.failsUnderFlood('ENHANCE_YOUR_CALM');
    },
  },
  {
    rule: 'W-099',
    name: 'three pings in a row are borne',
    async run(server) {
      const link = await server.open();
      link.send(ping(1), ping(2), ping(3));
      for (const wanted of [1, 2, 3]) await link.next('pong', ({ token }) => token === wanted);
      await link.alive();
    },
  },
  {
    rule: 'W-094',
    name: 'floods of pings end the link with ENHANCE_YOUR_CALM',
    alone: true,
    async run(server) {
      const link = await server.open();
      for (let said = 0; said < MORE * PINGS; said += 100) {
        const pings = Array.from({ length: 100 }, (_, i) => ping(said + i + 1));
        for (const { note } of pings) if (note !== undefined) link.referee.kitSays(note);
        if (!(await link.rawInTurn(envelopeOf(pings)))) break;
      }
      await link.failsUnderFlood('ENHANCE_YOUR_CALM');
    },
  },
  {
    rule: 'W-096',
    name: 'a server whose answers are not read while it is made to give them ends the link, or reads no further',
    alone: true,
    async run(server) {
      // What is packed would be next to nothing, and never wait.
      const link = await server.open({ offers: [] });
      link.pause();
      // Each of these requests is answered by a Cancel, which nobody reads.
      const flawed = envelopeOf(new Array<Crafted>(AT_ONCE).fill(request({})));
      let said = 0;
      while (said < UNREAD && (await link.rawInTurn(flawed))) said += AT_ONCE;
      link.drain();
      if (said === UNREAD) await link.closes();
    },
  },
];

/** So many Cancels fill what lies between two processes of one machine, and a thousand more. */
const UNREAD = 3_000_000;

/** Section 10: what is allowed, too often. */
export const floods: readonly ServerCase[] = [
  ...KINDS.map(few),
  ...KINDS.map(many),
  ...needing('DEFLATE', [few(RESTARTS), many(RESTARTS)]),
  ...resets,
];

function envelopeOf(records: readonly Crafted[]): Uint8Array {
  const plain = batch(records);
  return behindLength(envelope({ plain, crc: crc32(plain) }));
}
