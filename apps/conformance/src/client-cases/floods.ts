import { crc32 } from 'node:zlib';
import type { ClientCase } from '../case.ts';
import { behindLength, envelope } from '../craft/envelope.ts';
import { bytes, concat, uint } from '../craft/protobuf.ts';
import { batch, type Crafted, credit, data, ping, pong, record } from '../craft/record.ts';
import { expectAnswer, expectError } from '../engine/result.ts';
import { get } from './ask.ts';

/*
 * The numbers of W-094 and W-095 are defaults; a receiver may allow more, up to a hundred times
 * (W-099). So what is within them must be taken, and what is a hundred times them must not.
 */
const GLITCHES = 10_000;
const MORE = 101;
const AT_ONCE = 1_000;
/** The largest number of W-094: pings that are not answered. */
const PINGS = 10;

/** A kind of useless record, of which many end the link. */
interface Useless {
  readonly rule: string;
  readonly what: string;
  /** So many of them, as bytes of envelopes, on a link where that response's body is under way. */
  make(id: number, count: number): Uint8Array;
  /** A receiver need not count them (SHOULD). */
  readonly mayBeFree?: true;
}

/** A flood of records that do not differ. */
function same(make: (id: number) => Crafted): Useless['make'] {
  return (id, count) => envelopeOf(new Array<Crafted>(count).fill(make(id)));
}

const KINDS: readonly Useless[] = [
  { rule: 'W-095', what: 'empty Data without an end', make: same((id) => data(id, '')) },
  { rule: 'W-095', what: 'Credit of 0', make: same(() => credit(0, 0)) },
  { rule: 'W-095', what: 'pongs that nobody asked for', make: same(() => pong(9)) },
  {
    rule: 'W-095',
    what: 'empty envelopes',
    make: (_, count) => concat(...new Array(count).fill(behindLength(envelope({ crc: 0 })))),
  },
  {
    rule: 'W-002',
    what: 'unknown kinds of record',
    mayBeFree: true,
    make: same(() => record(12)),
  },
  {
    rule: 'W-002',
    what: 'unknown fields',
    mayBeFree: true,
    make: same((id) => ({
      bytes: bytes(5, uint(1, id), uint(2, 1), uint(99, 1)),
      note: undefined,
    })),
  },
];

/** Half of what is allowed is taken. */
function few({ rule, what, make }: Useless): ClientCase {
  return {
    rule,
    name: `${GLITCHES / 2} times ${what} at once are borne`,
    requests: [get('/')],
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/');
      link.answer(id, 200, [], { more: true });
      for (let told = 0; told < GLITCHES / 2; told += AT_ONCE) link.raw(make(id, AT_ONCE));
      await link.alive();
      link.send(data(id, 'body', true));
      expectAnswer((await client.results())[0], { status: 200, body: 'body' });
    },
  };
}

/** A hundred times what is allowed ends the link. */
function many({ rule, what, make, mayBeFree }: Useless): ClientCase {
  const end = mayBeFree === true ? 'may end the link' : 'end the link';
  return {
    rule,
    name: `floods of ${what} ${end} with ENHANCE_YOUR_CALM`,
    requests: [get('/')],
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/');
      link.answer(id, 200, [], { more: true });
      const flood = make(id, AT_ONCE);
      for (let told = 0; told < MORE * GLITCHES; told += AT_ONCE) {
        if (!(await link.rawInTurn(flood))) break;
      }
      if (mayBeFree === true && link.ended === undefined) return;
      await link.failsUnderFlood('ENHANCE_YOUR_CALM');
      expectError((await client.results())[0], [], 'maybe');
    },
  };
}

/** Section 10: what is allowed, too often. */
export const floods: readonly ClientCase[] = [
  ...KINDS.map(few),
  ...KINDS.map(many),
  {
    rule: 'W-094',
    name: 'floods of pings end the link with ENHANCE_YOUR_CALM',
    requests: [get('/')],
    async run(client) {
      const link = await client.link();
      await link.request('/');
      for (let told = 0; told < MORE * PINGS; told += 100) {
        const pings = Array.from({ length: 100 }, (_, i) => ping(told + i + 1));
        for (const { note } of pings) if (note !== undefined) link.referee.kitSays(note);
        if (!(await link.rawInTurn(envelopeOf(pings)))) break;
      }
      await link.failsUnderFlood('ENHANCE_YOUR_CALM');
      expectError((await client.results())[0], [], 'maybe');
    },
  },
];

function envelopeOf(records: readonly Crafted[]): Uint8Array {
  const plain = batch(records);
  return behindLength(envelope({ plain, crc: crc32(plain) }));
}
