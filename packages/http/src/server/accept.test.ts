import { expect, test } from 'vitest';
import { type Connection, createClient, createServer } from '../index.ts';

/** Both ends of a connection in memory: what is written arrives a turn later. */
function pairOfEnds(): [Connection, Connection] {
  const near = new End();
  const far = new End();
  near.other = far;
  far.other = near;
  return [near, far];
}

class End implements Connection {
  readonly secure = true;
  readonly remote = 'in memory';
  bytesIn = 0;
  bytesOut = 0;
  other: End | undefined;
  #events: Parameters<Connection['start']>[0] | undefined;

  start(events: Parameters<Connection['start']>[0]): void {
    this.#events = events;
  }

  write(bytes: Uint8Array): boolean {
    const copy = bytes.slice();
    setImmediate(() => this.other?.take(copy));
    return true;
  }

  pause(): void {}

  resume(): void {}

  end(): void {
    this.destroy();
  }

  destroy(): void {
    setImmediate(() => {
      this.close();
      this.other?.close();
    });
  }

  take(bytes: Uint8Array): void {
    this.#events?.data(bytes);
  }

  close(): void {
    const events = this.#events;
    this.#events = undefined;
    events?.close(undefined);
  }
}

test('a server answers on connections that were accepted elsewhere, and not once it has closed', async () => {
  await using server = createServer(({ path, peer }) => ({ body: `${path} from ${peer}` }));
  const dial = () => {
    const [near, far] = pairOfEnds();
    server.accept(far);
    return Promise.resolve(near);
  };
  await using client = createClient('teleport://anywhere:1', { dial });
  expect(await (await client.request({ path: '/a' })).text()).toBe('/a from in memory');
  await server.close();
  await using late = createClient('teleport://anywhere:1', { dial });
  await expect(late.request({ path: '/b' })).rejects.toMatchObject({ code: 'UNREACHABLE' });
});
