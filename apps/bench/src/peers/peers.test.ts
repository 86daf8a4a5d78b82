import { describe, expect, it } from 'vitest';
import { Tally } from '../measure/tally.ts';
import { GET_EXCHANGE } from '../traffic/get.ts';
import { makeExchanges } from '../traffic/kinds.ts';
import { packageVersion } from '../versions.ts';
import { PEERS } from './peers.ts';

/** Calls until so many answers were right. */
async function callsOf(name: string, exchanges: Parameters<typeof open>[1], count: number) {
  const system = await open(name, exchanges);
  const tally = new Tally();
  const end = tally.end.bind(tally);
  let answered = 0;
  tally.end = (started, httpBytes) => {
    end(started, httpBytes);
    answered += 1;
    tally.stopped = answered >= count;
  };
  try {
    await Promise.all([system.caller(tally), system.caller(tally)]);
    return { answered, wireBytes: system.wireBytes() };
  } finally {
    await system.close();
  }
}

function open(name: string, exchanges: ReturnType<typeof makeExchanges>) {
  const peer = PEERS.get(name);
  if (peer === undefined) throw new Error(`there is no peer ${name}`);
  return peer.open(exchanges, 2);
}

const names = [...PEERS].map(([name, { needs }]) => ({
  name,
  isThere: needs === undefined || packageVersion(needs) !== undefined,
}));

describe.each(names)('$name', ({ name, isThere }) => {
  it.skipIf(!isThere)(
    'answers the small GET and bid requests, each with its own answer',
    async () => {
      const small = await callsOf(name, [GET_EXCHANGE], 20);
      expect(small.answered).toBeGreaterThanOrEqual(20);
      const bids = makeExchanges('rtb', 5, 40);
      const packed = await callsOf(name, bids, 80);
      expect(packed.answered).toBeGreaterThanOrEqual(80);
      if (packed.wireBytes !== undefined) expect(packed.wireBytes).toBeGreaterThan(80 * 1500);
    },
  );

  it.skipIf(!isThere)('fails where another answer comes than is due', async () => {
    const [one] = makeExchanges('rtb', 5, 1);
    if (one === undefined) throw new Error('no exchange');
    const response = { status: 200, headers: [], body: Buffer.from('due') };
    const due = [
      { ...one, response },
      { ...one, response: { ...response, body: Buffer.from('another') } },
    ];
    await expect(callsOf(name, due, 3)).rejects.toThrow();
  });
});

it('knows the versions of what is installed, and nothing of what is not', () => {
  expect(packageVersion('undici')).toMatch(/^\d+\.\d+\.\d+$/);
  expect(packageVersion('@tp/not-there')).toBeUndefined();
});
