import { expect, it } from 'vitest';
import { ComparingSink } from './comparing-sink.ts';
import { readEnvelopes, writeEnvelopes } from './envelopes.ts';
import { makeRunner } from './runner.ts';
import { wireCases } from './wire-case.ts';
import { makeWireTraffic, type WireTraffic } from './wire-traffic.ts';

const all = makeWireTraffic({ why: 'not needed here' });
const small: WireTraffic[] = all.map((traffic) => ({
  ...traffic,
  links: traffic.links.map((messages) => messages.slice(0, 100)),
}));

it('has each kind of traffic written and read, in batches of 1, 8 and 64', () => {
  const names = wireCases(small.map(({ name }) => name)).map(({ name }) => name);
  expect(new Set(names).size).toBe(5 * 2 * 3);
  expect(names).toContain('get/repeated/encode/batch-64');
  expect(names).toContain('rtb/requests/decode/batch-1');
});

it('counts messages and bytes of whole passes', () => {
  for (const one of wireCases(small.map(({ name }) => name))) {
    const traffic = small.find(({ name }) => name === one.traffic);
    if (traffic === undefined) throw new Error(`no traffic ${one.traffic}`);
    const { ops, wireBytes = 0, httpBytes = 0 } = makeRunner(one, traffic).run(0);
    expect(ops).toBe(100);
    expect(wireBytes).toBeGreaterThan(0);
    expect(httpBytes).toBe(traffic.httpBytes);
  }
});

it('notices what comes out otherwise than it went in', () => {
  const messages = small.find(({ name }) => name === 'rest/requests')?.links[0] ?? [];
  const chunks: Uint8Array[] = [];
  writeEnvelopes(messages, 8, (envelope) => chunks.push(envelope.slice()));
  const sink = new ComparingSink();
  readEnvelopes(chunks, sink);
  expect(() => sink.compare(messages.slice(1))).toThrow('100 messages were read');
  readEnvelopes(chunks, sink);
  expect(() => sink.compare(messages.toReversed())).toThrow('was read where');
  readEnvelopes(chunks, sink);
  expect(() => sink.compare(messages)).not.toThrow();
  const [first = new Uint8Array(0)] = chunks;
  first[first.length - 1] = (first.at(-1) ?? 0) ^ 1;
  expect(() => readEnvelopes(chunks, sink)).toThrow('checksum');
});
