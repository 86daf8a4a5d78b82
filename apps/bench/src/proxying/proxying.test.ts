import { createServer, type RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { ANSWER, makeLoads } from './loads.ts';
import { runOpenLoop } from './open-loop.ts';
import { freePorts } from './ports.ts';
import { programVersion } from './program.ts';
import { openStands } from './stands.ts';
import { parseWrk, runWrk } from './wrk.ts';

const WRK = `Running 1s test @ http://127.0.0.1:1/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.62ms    2.01ms  41.26ms   93.29%
    Req/Sec    45.16k     6.41k   56.10k    70.00%
  Latency Distribution
     50%    1.12ms
     75%    1.60ms
     90%  910.00us
     99%    1.50s 
  45210 requests in 1.01s, 17.38MB read
Requests/sec:  44761.13
Transfer/sec:     17.21MB
`;

describe('what wrk prints', () => {
  it('is read with its units', () => {
    expect(parseWrk(WRK)).toEqual({ requestsPerSecond: 44761.13, p50Us: 1120, p99Us: 1_500_000 });
  });

  it.each([
    ['  Non-2xx or 3xx responses: 12', 'requests of wrk failed: Non-2xx or 3xx responses: 12'],
    ['  Socket errors: connect 0, read 3, write 0, timeout 0', 'requests of wrk failed'],
  ])('is no figure where requests failed: %s', (line, complaint) => {
    expect(() => parseWrk(`${WRK}${line}\n`)).toThrow(complaint);
  });

  it('is refused when it is something else', () => {
    expect(() => parseWrk('unable to connect to 127.0.0.1:1')).toThrow('unable to connect');
  });
});

describe('the open loop', () => {
  const servers: ReturnType<typeof createServer>[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function served(listener: RequestListener) {
    const [port = 0] = await freePorts(1);
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return {
      port,
      requests: ['/a', '/b'].map((path) => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)),
      body: ANSWER,
      requestsPerSecond: 200,
      seconds: 0.2,
      connections: 2,
      settleSeconds: 0.05,
    };
  }

  it('sends as many requests as fall due, in a round, and has an answer to each', async () => {
    const paths: (string | undefined)[] = [];
    const options = await served((request, response) => {
      paths.push(request.url);
      response.end(ANSWER);
    });
    const figures = await runOpenLoop(options);
    expect(paths.toSorted()).toEqual([...Array(25).fill('/a'), ...Array(25).fill('/b')]);
    expect(figures.requestsPerSecond).toBeCloseTo(200, -1);
    expect(figures.p99Us).toBeGreaterThanOrEqual(figures.p50Us);
  });

  it('counts from when a request was due: the wait for a free connection too', async () => {
    const HELD_MS = 50;
    const options = await served((_request, response) => {
      setTimeout(() => response.end(ANSWER), HELD_MS);
    });
    const { p99Us } = await runOpenLoop({ ...options, connections: 1, seconds: 0.1 });
    expect(p99Us).toBeGreaterThan(5 * HELD_MS * 1000);
  });

  it('ends at an answer that is wrong', async () => {
    const wrong = await served((_request, response) => response.end('another'));
    await expect(runOpenLoop(wrong)).rejects.toThrow('another answer came: HTTP/1.1 200 OK');
    const failing = await served((_request, response) => response.writeHead(502).end(ANSWER));
    await expect(runOpenLoop(failing)).rejects.toThrow('another answer came: HTTP/1.1 502');
    const closing = await served((_request, response) => response.destroy());
    await expect(runOpenLoop(closing)).rejects.toThrow('closed');
  });
});

const isMissing = ['nginx', 'wrk'].some((name) => programVersion(name, '-v') === undefined);

describe('the stands', () => {
  it.skipIf(isMissing)(
    'answer a load with what nginx says, each pair by its own programs',
    { timeout: 60_000 },
    async () => {
      const opened = await openStands();
      if ('why' in opened) throw new Error(opened.why);
      try {
        const there = opened.stands.map(({ system }) => system);
        expect(there.slice(0, 3)).toEqual(['nothing', 'tp', 'nginx']);
        for (const { port } of opened.stands) {
          for (const { requests } of makeLoads()) {
            const load = { port, requests, body: ANSWER, connections: 2, settleSeconds: 0.05 };
            const { p50Us } = await runOpenLoop({ ...load, requestsPerSecond: 100, seconds: 0.1 });
            expect(p50Us).toBeGreaterThan(0);
          }
        }
        const [nothing] = opened.stands;
        const [, bids] = makeLoads();
        const url = `http://127.0.0.1:${nothing?.port}/`;
        const peak = await runWrk(url, 2, 1, bids?.wrkArguments ?? []);
        expect(peak.requestsPerSecond).toBeGreaterThan(0);
        const [, tp] = opened.stands;
        expect(tp?.programs.map((program) => program.cpuUs() > 0)).toEqual([true, true]);
      } finally {
        await opened.stop();
      }
    },
  );

  it('say that a program which is missing has no version', () => {
    expect(programVersion('tp-is-no-such-program', '-v')).toBeUndefined();
  });
});
