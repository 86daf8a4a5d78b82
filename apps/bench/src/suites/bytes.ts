import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { requestHttp1, responseHttp1 } from '@tp/savings';
import { TRAFFIC_SEED } from '../measure/case.ts';
import type { NotMeasured, Ratio, Result, Version } from '../report/report.ts';
import { buildRival, countFlateBytes, rivalVersions } from '../rivals/httpteleport.ts';
import type { Exchange } from '../traffic/exchange.ts';
import { makeTrafficFolder, writeTrafficFile } from '../traffic/file.ts';
import { makeExchanges, type TrafficKind } from '../traffic/kinds.ts';
import { bytesRatios } from './bytes-ratios.ts';
import { headerBytes } from './header-bytes.ts';
import { countHttp2Bytes } from './http2-bytes.ts';
import { countOfflineBytes, countSshBytes } from './stream-bytes.ts';
import type { Suite } from './suite.ts';
import { countTpBytes } from './tp-bytes.ts';

/** Bytes of each direction of one way to carry the traffic. */
export interface DirectionBytes {
  readonly request: number;
  readonly response: number;
}

const KINDS: readonly TrafficKind[] = ['rtb', 'rest'];
const CODECS = ['zstd', 'deflate', 'none'] as const;
const BATCHES = [1, 8, 64];
/** Of ways that batches make little of, in `--quick`. */
const LARGEST_BATCH = [64];
const QUICK_EXCHANGES = 4096;
const FULL_EXCHANGES = 20_480;

/** What the same traffic takes on a link, by codec and batch size, against other ways to carry it. */
export const bytes: Suite = async ({ quick, progress }) => {
  const results: Result[] = [];
  const notMeasured: NotMeasured[] = [];
  const ratios: Ratio[] = [];
  progress("building the program that counts httpteleport's bytes (Go)");
  const rival = buildRival('flatebytes');
  if ('why' in rival) notMeasured.push({ system: 'httpteleport', why: rival.why });
  for (const kind of KINDS) {
    const exchanges = makeExchanges(kind, TRAFFIC_SEED, quick ? QUICK_EXCHANGES : FULL_EXCHANGES);
    const row = makeRows(kind, exchanges);
    results.push(...row('http1', undefined, undefined, countHttp1(exchanges)));
    progress(`${kind}: gzip of each body`);
    results.push(...row('gzip-bodies', 'gzip', undefined, countGzip(exchanges)));
    if ('path' in rival) {
      progress(`${kind}: httpteleport's streams`);
      const file = join(makeTrafficFolder(), `${kind}.http`);
      writeTrafficFile(file, exchanges);
      for (const codec of ['flate', 'snappy'] as const) {
        for (const batch of BATCHES) {
          const counted = countFlateBytes(rival.path, file, batch, codec);
          results.push(...row('httpteleport', codec, batch, counted));
        }
      }
    }
    progress(`${kind}: a real HTTP/2 session`);
    results.push(...row('http2', undefined, undefined, await countHttp2Bytes(exchanges)));
    for (const batch of quick ? LARGEST_BATCH : BATCHES) {
      progress(`${kind}: a deflate stream as ssh has it, batches of ${batch}`);
      results.push(...row('ssh', 'deflate', batch, await countSshBytes(exchanges, batch)));
    }
    progress(`${kind}: all of it packed at once`);
    results.push(...row('offline', 'zstd', undefined, await countOfflineBytes(exchanges)));
    for (const codec of CODECS) {
      for (const batch of quick && codec === 'none' ? LARGEST_BATCH : BATCHES) {
        progress(`${kind}: tp ${codec}, batches of ${batch}`);
        results.push(...row('tp', codec, batch, await countTpBytes(exchanges, codec, batch)));
      }
    }
  }
  ratios.push(...bytesRatios(results));
  progress('the heads of real sites, against HPACK');
  const headers = headerBytes();
  return {
    results: [...results, ...headers.results],
    ratios: [...ratios, ...headers.ratios],
    notMeasured: [...notMeasured, ...headers.notMeasured],
    versions: [...rivalVersions(), ...codecVersions()],
  };
};

/** Those of Node's own libraries, which pack for tp, for the ssh-like stream and offline. */
function codecVersions(): Version[] {
  return ['zstd', 'zlib'].map((system) => ({
    system,
    version: process.versions[system] ?? 'none',
  }));
}

/** Makes three rows of a measurement: both directions together, requests, responses. */
function makeRows(kind: TrafficKind, exchanges: readonly Exchange[]) {
  const http = countHttp1(exchanges);
  const count = exchanges.length;
  return (
    system: string,
    codec: Result['codec'],
    batch: number | undefined,
    wire: DirectionBytes,
  ): Result[] => {
    const name = batch === undefined ? kind : `${kind}/batch-${batch}`;
    const one = (part: string, httpBytes: number, wireBytes: number): Result => ({
      system,
      case: `${name}${part}`,
      ...(codec === undefined ? {} : { codec }),
      httpBytesPerOp: httpBytes / count,
      wireBytesPerOp: wireBytes / count,
    });
    return [
      one('', http.request + http.response, wire.request + wire.response),
      one('/requests', http.request, wire.request),
      one('/responses', http.response, wire.response),
    ];
  };
}

function countHttp1(exchanges: readonly Exchange[]): DirectionBytes {
  let [request, response] = [0, 0];
  for (const exchange of exchanges) {
    request += requestHttp1(exchange.request).length;
    response += responseHttp1(exchange.response).length;
  }
  return { request, response };
}

/** As HTTP/1.1 with each body gzipped by itself; heads as they are, without the fields that would announce it. */
function countGzip(exchanges: readonly Exchange[]): DirectionBytes {
  let { request, response } = countHttp1(exchanges);
  for (const exchange of exchanges) {
    request -= saved(exchange.request.body);
    response -= saved(exchange.response.body);
  }
  return { request, response };
}

function saved(body: Uint8Array | null): number {
  return body === null ? 0 : Math.max(0, body.length - gzipSync(body).length);
}
