import { describe, expect, it } from 'vitest';
import { createRouting } from './routing.ts';
import { boundTo, startFile } from './test/chain.ts';
import { exchange } from './test/raw-client.ts';
import { rawOrigin } from './test/raw-origin.ts';

const route = (host: string | undefined, path: string, group: string) => ({ host, path, group });

describe('routing', () => {
  const routing = createRouting(
    [
      route(undefined, '/', 'all'),
      route(undefined, '/static/', 'static'),
      route('a.example', '/', 'a'),
      route('a.example', '/api', 'api'),
      route('a.example', '/api/v2', 'v2'),
      route('b.example', '/only', 'b'),
      route('*.example', '/', 'wild'),
      route('*.deep.example', '/', 'deep'),
      route('[::1]', '/', 'six'),
    ],
    ({ group }) => group,
  );

  it.each([
    ['a.example', '/', 'a'],
    ['A.Example:8080', '/x', 'a'],
    ['a.example.', '/', 'a'],
    ['a.example', '/api', 'api'],
    ['a.example', '/api/', 'api'],
    ['a.example', '/api?x=1', 'api'],
    ['a.example', '/apis', 'a'],
    ['a.example', '/api/v2/x', 'v2'],
    ['a.example', '/api/v20', 'api'],
    ['a.example', '*', 'a'],
    ['b.example', '/only/this', 'b'],
    // What an exact host's routes do not take goes on to the next.
    ['b.example', '/other', 'wild'],
    ['c.example', '/', 'wild'],
    ['x.c.example', '/', 'wild'],
    ['x.deep.example', '/', 'deep'],
    ['deep.example', '/', 'wild'],
    ['example', '/', 'all'],
    ['[::1]:80', '/', 'six'],
    ['elsewhere', '/static/a', 'static'],
    ['elsewhere', '/static', 'all'],
    ['__proto__', '/', 'all'],
    ['', '/', 'all'],
    [undefined, '/', 'all'],
  ])('leads %s%s to %s', (host, path, group) => {
    expect(routing.find(host, path)).toBe(group);
  });

  it('finds nothing where no route is', () => {
    const few = createRouting([route('a.example', '/x', 'a')], ({ group }) => group);
    expect(few.find('a.example', '/')).toBeUndefined();
    expect(few.find('b.example', '/x')).toBeUndefined();
    expect(few.find(undefined, '/x')).toBeUndefined();
  });
});

describe('a proxy with routes', () => {
  async function startRouted() {
    const named = (name: string) =>
      rawOrigin(
        (socket) => void socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${name}`),
      );
    const [a, b] = [await named('a'), await named('b')];
    return startFile(`
listeners: [{ url: http://127.0.0.1:0 }]
groups:
  a: { members: [${a.address}] }
  b: { members: [${b.address}] }
routes:
  - { host: a.example, group: a }
  - { host: a.example, path: /b, group: b }
`);
  }

  it('sends each request to the group of its route, also over one connection', async () => {
    const address = boundTo(await startRouted());
    const ask = (head: string) => exchange(address, `${head}\r\n\r\n`);
    expect(await ask('GET / HTTP/1.1\r\nHost: a.example')).toMatch(/\r\n\r\na$/);
    expect(await ask('GET /b/x HTTP/1.1\r\nHost: A.example:80')).toMatch(/\r\n\r\nb$/);
    // RFC 9112 section 3.2.2: the authority of an absolute target is the host that counts.
    expect(await ask('GET http://a.example/b HTTP/1.1\r\nHost: other')).toMatch(/\r\n\r\nb$/);
  });

  it('answers 404 and says why where there is no route, and 400 where there are two hosts', async () => {
    const address = boundTo(await startRouted());
    const lost = await exchange(address, 'GET / HTTP/1.1\r\nHost: c.example\r\n\r\n');
    expect(lost).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
    expect(lost).toMatch(/\r\n\r\n404 NO_ROUTE: no route is for this host and path\n$/);
    const head = await exchange(address, 'HEAD / HTTP/1.1\r\nHost: c.example\r\n\r\n', (text) =>
      text.endsWith('\r\n\r\n'),
    );
    expect(head).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
    const two = 'GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n';
    expect(await exchange(address, two)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await exchange(address, 'GET / HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  });
});
