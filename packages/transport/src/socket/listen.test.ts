import {
  existsSync,
  linkSync,
  lstatSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folder, get, OK, pool, serve } from '../test/ends.ts';
import { failure } from '../test/failure.ts';

const answer = (exchange: { respond(head: typeof OK, body: undefined, stream: undefined): void }) =>
  exchange.respond(OK, undefined, undefined);

/** A socket whose process has died: the place is there, but nobody listens. */
async function stale(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const kept = `${path}.kept`;
  linkSync(path, kept);
  await new Promise((resolve) => server.close(resolve));
  renameSync(kept, path);
}

test('a socket that a dead process left is replaced', async () => {
  const path = join(folder(), 'socket');
  await stale(path);
  expect(lstatSync(path).isSocket()).toBe(true);
  const { url } = await serve(answer, {}, `teleport+unix:${path}`);
  expect((await pool(url).call(get('/'))).status).toBe(200);
});

test('a socket that lives is left alone', async () => {
  const url = `teleport+unix:${join(folder(), 'socket')}`;
  await serve(answer, {}, url);
  expect(await failure(serve(answer, {}, url))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    processed: 'no',
    message: expect.stringContaining('another process listens there'),
  });
  expect((await pool(url).call(get('/'))).status).toBe(200);
});

test('a file is left alone, and so is a symlink with what it points to', async () => {
  const place = folder();
  const file = join(place, 'file');
  const link = join(place, 'link');
  const target = join(place, 'target');
  writeFileSync(file, 'mine');
  await stale(target);
  symlinkSync(target, link);
  for (const path of [file, link]) {
    const error = await failure(serve(answer, {}, `teleport+unix:${path}`));
    expect(error.message).toContain('something else than a socket is there');
  }
  expect(readFileSync(file, 'utf8')).toBe('mine');
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(lstatSync(target).isSocket()).toBe(true);
});

test('the socket is gone when the server has closed', async () => {
  const path = join(folder(), 'socket');
  const { server } = await serve(answer, {}, `teleport+unix:${path}`);
  await server.close();
  expect(existsSync(path)).toBe(false);
});

test('a port that is taken, TLS without a certificate and a closed server are errors that say so', async () => {
  const { server, url } = await serve(answer);
  expect((await failure(serve(answer, {}, url))).message).toContain('EADDRINUSE');
  const bare = await failure(serve(answer, {}, 'teleports://127.0.0.1:0'));
  expect(bare.message).toContain('needs a certificate');
  await server.close();
  expect((await failure(server.listen('teleport://127.0.0.1:0'))).code).toBe('CLOSED');
  expect(server.addresses).toEqual([url]);
});

test('one server listens at several addresses', async () => {
  const { server, url } = await serve(answer);
  const path = `teleport+unix:${join(folder(), 'socket')}`;
  expect(await server.listen(path)).toBe(path);
  expect(server.addresses).toEqual([url, path]);
  for (const address of server.addresses) {
    expect((await pool(address).call(get('/'))).status).toBe(200);
  }
});

test.runIf(process.platform === 'linux')(
  'with reusePort the next server takes a port over before the last one closes',
  async () => {
    const reusePort = true;
    const first = await serve(answer, { reusePort });
    const client = pool(first.url);
    expect((await client.call(get('/'))).status).toBe(200);
    const second = await serve(answer, { reusePort }, first.url);
    await first.server.close();
    expect((await pool(second.url).call(get('/'))).status).toBe(200);
    expect(second.server.stats().requests).toBe(1);
    expect(await failure(serve(answer, {}, first.url))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  },
);

test('a connection that is not admitted by where it comes from is closed, and counted', async () => {
  const asked: string[] = [];
  const admits = (remote: string): boolean => asked.push(remote) > 1;
  const { server, url } = await serve(answer, { admits });
  expect(await failure(pool(url).call(get('/')))).toMatchObject({ code: 'UNREACHABLE' });
  expect(asked).toHaveLength(1);
  expect((await pool(url).call(get('/'))).status).toBe(200);
  for (const remote of asked) expect(remote).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(server.stats().limitHits.get('admits')).toBe(1);
});
