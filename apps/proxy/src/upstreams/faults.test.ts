import { EventEmitter, once } from 'node:events';
import http, { type Server } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { boundTo, startFile } from '../test/chain.ts';
import { freePorts } from '../test/free-ports.ts';

/** An origin whose faults are turned on and off. */
interface FaultyOrigin {
  readonly address: string;
  /** Requests that it got, and those that it holds now. */
  readonly seen: number;
  readonly held: number;
  delayMs: number;
  status: number;
  kill(): Promise<void>;
  revive(): Promise<void>;
}

/** Tells of whatever happens, so that tests wait for what they look for. */
class News extends EventEmitter {
  tell(): void {
    this.emit('news');
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await once(this, 'news');
  }
}

async function faultyOrigin(news: News): Promise<FaultyOrigin> {
  const state = { address: '', seen: 0, held: 0, delayMs: 0, status: 200 };
  const [port] = await freePorts(1);
  let server: Server;
  const listen = async (): Promise<void> => {
    server = http.createServer((_, response) => {
      state.seen += 1;
      state.held += 1;
      response.on('close', () => {
        state.held -= 1;
        news.tell();
      });
      const answer = (): void => {
        response.statusCode = state.status;
        response.end('x');
      };
      if (state.delayMs === 0) answer();
      else setTimeout(answer, state.delayMs);
      news.tell();
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    state.address = `http://127.0.0.1:${port}`;
  };
  const kill = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  await listen();
  onTestFinished(kill);
  return Object.assign(state, { kill, revive: listen });
}

/** Callers that each send a request as soon as the last is answered; ends with the test. */
function startLoad(address: string, callers: number, news: News): { readonly statuses: number[] } {
  const agent = new http.Agent({ keepAlive: true });
  const statuses: number[] = [];
  let isOver = false;
  const call = async (): Promise<void> => {
    while (!isOver) {
      const [response] = await once(http.get(address, { agent }), 'response');
      await once(response.resume(), 'end');
      statuses.push(response.statusCode);
      news.tell();
      // Callers are programs of their own: others get their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const calls = Array.from({ length: callers }, call);
  onTestFinished(async () => {
    isOver = true;
    await Promise.allSettled(calls);
    agent.destroy();
  });
  return { statuses };
}

describe('a group of three origins', () => {
  it('stays of use while one is dead, one slow and one fails at once, and notices when they are well', async () => {
    const news = new News();
    const [dead, slow, broken] = await Promise.all([1, 2, 3].map(() => faultyOrigin(news)));
    if (dead === undefined || slow === undefined || broken === undefined) throw new Error();
    const proxy = await startFile(`
in: http://127.0.0.1:0
groups:
  web:
    members: [${dead.address}, ${slow.address}, ${broken.address}]
    eject-time: 1000
    slow-start: 100
`);
    const callers = 8;
    const { statuses } = startLoad(boundTo(proxy), callers, news);
    await news.until(() => [dead, slow, broken].every(({ seen }) => seen > 50));
    expect(statuses.filter((status) => status !== 200)).toEqual([]);

    slow.delayMs = 2_000;
    broken.status = 500;
    await dead.kill();
    // Only when none goes to the one that fails at once any more does the slow one hold them all.
    await news.until(() => slow.held === callers);
    const [seenThen, answeredThen] = [broken.seen, statuses.length];
    await news.until(() => statuses.length >= answeredThen + 2 * callers);
    const during = statuses.slice(answeredThen);
    const failed = during.filter((status) => status !== 200).length;
    expect(failed).toBeLessThanOrEqual(0.2 * during.length);
    expect(broken.seen - seenThen).toBeLessThanOrEqual(0.2 * during.length);

    slow.delayMs = 0;
    broken.status = 200;
    await dead.revive();
    const all = [dead, slow, broken];
    const seen = all.map((origin) => origin.seen);
    await news.until(() => all.every((origin, i) => origin.seen > (seen[i] ?? 0) + 50));
    await news.until(() => statuses.slice(-100).every((status) => status === 200));
  }, 60_000);

  it('is not noticed by callers where two good ones stand beside it', async () => {
    const news = new News();
    const origins = await Promise.all([1, 2, 3, 4, 5].map(() => faultyOrigin(news)));
    const [dead, slow, broken] = origins;
    if (dead === undefined || slow === undefined || broken === undefined) throw new Error();
    const proxy = await startFile(`
in: http://127.0.0.1:0
groups:
  web:
    members: [${origins.map(({ address }) => address).join(', ')}]
    eject-time: 1000
    slow-start: 100
`);
    const { statuses } = startLoad(boundTo(proxy), 8, news);
    await news.until(() => origins.every(({ seen }) => seen > 50));

    slow.delayMs = 2_000;
    broken.status = 500;
    await dead.kill();
    const answeredThen = statuses.length;
    const [slowThen, brokenThen] = [slow.seen, broken.seen];
    // Callers see a slow answer or two, and what fails while nobody knows yet; then hardly any.
    await news.until(() => statuses.length >= answeredThen + 4_000);
    const during = statuses.slice(answeredThen);
    const failed = during.filter((status) => status !== 200).length;
    const count = during.length;
    console.log(
      `${count} requests: ${failed} failed, ${broken.seen - brokenThen} went to the broken one, ${slow.seen - slowThen} to the slow one`,
    );
    expect(failed).toBeLessThanOrEqual(0.01 * count);
    expect(broken.seen - brokenThen).toBeLessThanOrEqual(0.01 * count);
    expect(slow.seen - slowThen).toBeLessThanOrEqual(0.01 * count);
    const unknown = during.filter((status) => status !== 200 && status !== 500);
    expect(unknown).toEqual([]);

    slow.delayMs = 0;
    broken.status = 200;
    await dead.revive();
    const wellAt = performance.now();
    const back = origins.map((origin) => origin.seen);
    const backs = ['dead', 'slow', 'broken'].map(async (name, index) => {
      await news.until(() => (origins[index]?.seen ?? 0) > (back[index] ?? 0) + 50);
      return `${name} ${Math.round(performance.now() - wellAt)} ms`;
    });
    console.log(`until each had its part again: ${(await Promise.all(backs)).join(', ')}`);
    await news.until(() => statuses.slice(-100).every((status) => status === 200));
  }, 60_000);
});

describe('active health checks', () => {
  it('leave out a member that says that it is ill, and take it back when it says that it is well', async () => {
    const news = new News();
    const asked = { count: 0, status: 200, served: 0 };
    const checked = http.createServer((request, response) => {
      if (request.url === '/healthz') {
        asked.count += 1;
        response.statusCode = asked.status;
      } else asked.served += 1;
      response.end();
      news.tell();
    });
    checked.listen(0, '127.0.0.1');
    await once(checked, 'listening');
    onTestFinished(() => {
      checked.closeAllConnections();
      checked.close();
    });
    const bound = checked.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const other = await faultyOrigin(news);
    const proxy = await startFile(`
in: http://127.0.0.1:0
groups:
  web:
    members: [http://127.0.0.1:${port}, ${other.address}]
    health: { path: /healthz, interval: 10, unhealthy: 2, healthy: 2 }
    slow-start: 0
`);
    const { statuses } = startLoad(boundTo(proxy), 2, news);
    await news.until(() => asked.served > 10);

    asked.status = 503;
    const askedThen = asked.count;
    await news.until(() => asked.count > askedThen + 4);
    const [servedThen, otherThen] = [asked.served, other.seen];
    await news.until(() => other.seen > otherThen + 50);
    expect(asked.served).toBe(servedThen);

    asked.status = 200;
    await news.until(() => asked.served > servedThen + 10);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
  }, 30_000);
});
