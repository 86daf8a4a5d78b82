import { deflateRawSync, gzipSync } from 'node:zlib';
import { requestHttp1, responseHttp1 } from '@tp/savings';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeExchanges, type TrafficKind } from './kinds.ts';
import { rtbTraffic } from './openrtb.ts';
import { restTraffic } from './rest.ts';

const kinds: readonly TrafficKind[] = ['rtb', 'rest'];
const seeds = fc.integer({ min: 0, max: 0xffff_ffff });
const indexes = fc.integer({ min: 0, max: 100_000 });

function headerOf(headers: readonly string[], name: string): string | undefined {
  const at = headers.findIndex((entry, i) => i % 2 === 0 && entry.toLowerCase() === name);
  return at < 0 ? undefined : headers[at + 1];
}

describe.each(kinds)('%s traffic', (kind) => {
  const exchangeAt = kind === 'rtb' ? rtbTraffic : restTraffic;

  it('is the same for the same seed and index, in whatever order it is asked for', () => {
    fc.assert(
      fc.property(seeds, indexes, indexes, (seed, first, second) => {
        const forth = exchangeAt(seed);
        const back = exchangeAt(seed);
        const [a, b] = [forth(first), forth(second)];
        expect(back(second)).toEqual(b);
        expect(back(first)).toEqual(a);
      }),
      { numRuns: 25 },
    );
  });

  it('differs from seed to seed and from index to index', () => {
    const bodies = [exchangeAt(1)(0), exchangeAt(1)(1), exchangeAt(2)(0)].map(({ id }) => id);
    expect(new Set(bodies).size).toBe(3);
  });

  it('states content-length, and only for a body that is there', () => {
    fc.assert(
      fc.property(indexes, (index) => {
        const { request, response } = exchangeAt(1)(index);
        const due = request.body === null ? undefined : String(request.body.length);
        expect(headerOf(request.headers, 'content-length')).toBe(due);
        const answered = response.body.length === 0 ? undefined : String(response.body.length);
        expect(headerOf(response.headers, 'content-length')).toBe(answered);
        expect([204, 304].includes(response.status)).toBe(response.body.length === 0);
      }),
      { numRuns: 200 },
    );
  });

  it('carries an x-request-id of its own in every request', () => {
    const exchanges = makeExchanges(kind, 1, 2000);
    expect(new Set(exchanges.map(({ id }) => id)).size).toBe(2000);
    for (const { id, request } of exchanges) {
      expect(headerOf(request.headers, 'x-request-id')).toBe(id);
    }
  });

  it('has header names and values that HTTP/1.1 can carry', () => {
    for (const { request, response } of makeExchanges(kind, 3, 300)) {
      for (const [i, text] of [...request.headers, ...response.headers].entries()) {
        expect(text).toMatch(i % 2 === 0 ? /^[\w-]+$/ : /^[\x20-\x7e]+$/);
      }
    }
  });
});

describe('rtb traffic', () => {
  const exchanges = makeExchanges('rtb', 1, 4000);
  const requests = exchanges.map(({ request }) => requestHttp1(request));

  it('has requests of about 1,959 bytes on average', () => {
    const mean = requests.reduce((sum, { length }) => sum + length, 0) / requests.length;
    expect(mean).toBeGreaterThan(1900);
    expect(mean).toBeLessThan(2020);
  });

  it('packs about as well as the 20,000 requests that the project was designed with: 5.75 in one window, 1.5 each by itself', () => {
    const all = Buffer.concat(requests);
    const bodies = exchanges.flatMap(({ request }) => request.body ?? []);
    const bodyBytes = bodies.reduce((sum, { length }) => sum + length, 0);
    const gzipBytes = bodies.reduce((sum, body) => sum + gzipSync(body).length, 0);
    const oneWindow = all.length / deflateRawSync(all, { level: 6 }).length;
    expect(oneWindow).toBeGreaterThan(5.75 * 0.9);
    expect(oneWindow).toBeLessThan(5.75 * 1.1);
    expect(bodyBytes / gzipBytes).toBeGreaterThan(1.3);
    expect(bodyBytes / gzipBytes).toBeLessThan(1.7);
  });

  it('answers each request by its id, or with 204', () => {
    for (const { id, response } of exchanges) {
      if (response.status === 204) continue;
      expect(JSON.parse(Buffer.from(response.body).toString())).toMatchObject({ id, cur: 'USD' });
    }
  });
});

describe('rest traffic', () => {
  it('has every method and messages of 0.15 to 6.5 KB', () => {
    const exchanges = makeExchanges('rest', 1, 2000);
    const methods = new Set(exchanges.map(({ request }) => request.method));
    expect([...methods].sort()).toEqual(['DELETE', 'GET', 'POST', 'PUT']);
    for (const { request, response } of exchanges) {
      expect(requestHttp1(request).length).toBeLessThan(6500);
      expect(responseHttp1(response).length).toBeGreaterThan(150);
      expect(responseHttp1(response).length).toBeLessThan(6500);
    }
  });
});
