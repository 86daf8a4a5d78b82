import { expect, it } from 'vitest';
import type { Result } from '../report/report.ts';
import { linkRatios } from './link.ts';
import { peersRatios } from './peers-ratios.ts';
import { proxyRatios } from './proxy.ts';

it('counts a peer at the fastest of its ways, and without a codec where tp has one', () => {
  const time = (system: string, name: string, nsPerOp: number): Result => ({
    system,
    case: name,
    nsPerOp,
  });
  expect(
    peersRatios([
      time('tp', 'get/none/100', 1000),
      time('tp', 'get/none/1000', 500),
      time('undici', 'get/none/100', 40_000),
      time('undici', 'get/none/100/pipelining-10', 30_000),
      time('node-http2', 'get/none/100', 50_000),
      time('undici', 'get/none/1000', 1000),
      time('tp', 'rtb/compressed/100', 10_000),
      time('node-http2', 'rtb/none/100', 70_000),
    ]),
  ).toEqual([
    { name: 'get/none/100 vs undici', value: 30, higherIsBetter: true },
    { name: 'get/none/100 vs node-http2', value: 50, higherIsBetter: true },
    { name: 'get/none/1000 vs undici', value: 2, higherIsBetter: true },
    { name: 'rtb/compressed/100 vs node-http2', value: 7, higherIsBetter: true },
  ]);
});

it("divides what zstd carries by the link's rate", () => {
  const carried = (system: string, codec: Result['codec'], httpBytesPerSecond: number): Result => ({
    system,
    case: 'link/rtb/20mbit',
    ...(codec === undefined ? {} : { codec }),
    httpBytesPerSecond,
  });
  const results = [
    carried('link', undefined, 2_500_000),
    carried('http1', undefined, 2_300_000),
    carried('tp', 'deflate', 12_000_000),
    carried('tp', 'zstd', 15_000_000),
  ];
  expect(linkRatios(results)).toEqual([
    { name: 'link goodput vs link rate', value: 6, higherIsBetter: true },
  ]);
  expect(linkRatios(results.slice(1))).toEqual([]);
});

it('compares peaks of proxy pairs, with those that were there', () => {
  const peak = (system: string, opsPerSecond: number): Result => ({
    system,
    case: 'proxy/get/peak',
    opsPerSecond,
  });
  expect(proxyRatios([peak('nothing', 9), peak('tp', 12), peak('httptp', 10)])).toEqual([
    { name: 'proxy pair rps vs httptp', value: 1.2, higherIsBetter: true },
  ]);
});
