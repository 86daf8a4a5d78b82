import { expect, test } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import { createTransportServer } from '../server.ts';
import { get, OK, pool, serve } from '../test/ends.ts';
import { eventually } from '../test/eventually.ts';
import { outcome } from '../test/failure.ts';
import { createPool } from './pool.ts';

test('`await using` ends a pool and a server once what they have under way is answered', async () => {
  const arrived: ServerExchange[] = [];
  const order: string[] = [];
  let url = '';
  {
    await using server = createTransportServer((exchange) => void arrived.push(exchange));
    url = await server.listen('teleport://127.0.0.1:0');
    await using client = createPool([url]);
    void client.call(get('/')).then(({ status }) => order.push(`answered ${status}`));
    await eventually(() => arrived.length === 1);
    setImmediate(() => arrived[0]?.respond(OK, undefined, undefined));
  }
  order.push('left the block');
  expect(order).toEqual(['answered 200', 'left the block']);
  const late = pool(url);
  expect(await outcome(late.call(get('/')))).toBe('UNREACHABLE no');
});

test('closing twice waits for the same end, and disposing of what is closed does nothing', async () => {
  const { server, url } = await serve((exchange) => exchange.respond(OK, undefined, undefined));
  const client = pool(url);
  await client.call(get('/'));
  expect(client.close()).toBe(client.close());
  await client[Symbol.asyncDispose]();
  expect(await outcome(client.call(get('/')))).toBe('CLOSED no');
  await server[Symbol.asyncDispose]();
  await server.close();
});
