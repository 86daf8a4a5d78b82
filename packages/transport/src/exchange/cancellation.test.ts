import { describe, expect, test } from 'vitest';
import { get, OK, pool, serve } from '../test/ends.ts';
import { failure } from '../test/failure.ts';
import { Cancellation, type CancelSignal } from './cancellation.ts';
import type { ServerExchange } from './server-exchange.ts';

/** Writes its name down when it is told. */
function listener(name: string, told: string[]) {
  return { handleEvent: () => void told.push(name) };
}

describe('a cancellation', () => {
  test('tells all that listen, in order and once', () => {
    const told: string[] = [];
    const cancellation = new Cancellation();
    for (const name of ['a', 'b', 'c']) {
      cancellation.addEventListener('abort', listener(name, told));
    }
    cancellation.cancel('gone');
    cancellation.cancel('again');
    expect(told).toEqual(['a', 'b', 'c']);
    expect(cancellation).toMatchObject({ aborted: true, reason: 'gone' });
  });

  test.each([0, 1, 2])('does not tell one that has left, of three the one at %i', (leaving) => {
    const told: string[] = [];
    const cancellation = new Cancellation();
    const all = ['a', 'b', 'c'].map((name) => listener(name, told));
    for (const one of all) cancellation.addEventListener('abort', one);
    for (const one of all.slice(leaving, leaving + 1)) {
      cancellation.removeEventListener('abort', one);
    }
    cancellation.cancel(undefined);
    expect(told).toEqual(['a', 'b', 'c'].toSpliced(leaving, 1));
  });

  test('tells nobody who comes later', () => {
    const told: string[] = [];
    const cancellation = new Cancellation();
    cancellation.cancel('gone');
    cancellation.addEventListener('abort', listener('late', told));
    cancellation.cancel('again');
    expect(told).toEqual([]);
  });
});

describe.each<[string, () => [CancelSignal, () => void]]>([
  [
    'AbortSignal',
    () => {
      const controller = new AbortController();
      return [controller.signal, () => controller.abort('enough')];
    },
  ],
  [
    'Cancellation',
    () => {
      const cancellation = new Cancellation();
      return [cancellation, () => cancellation.cancel('enough')];
    },
  ],
])('an %s', (_name, make) => {
  test('ends a call here and its exchange there, whose own cancellation says so', async () => {
    const { promise: asked, resolve: came } = Promise.withResolvers<ServerExchange>();
    const { url } = await serve((exchange) => came(exchange));
    const [signal, abort] = make();
    const call = failure(pool(url).call({ ...get('/'), signal }));
    const { cancellation } = await asked;
    const told = new Promise<void>((resolve) => {
      cancellation.addEventListener('abort', { handleEvent: resolve });
    });
    expect(cancellation.aborted).toBe(false);
    abort();
    expect(await call).toMatchObject({ code: 'CANCEL', processed: 'maybe', cause: 'enough' });
    await told;
    expect(cancellation).toMatchObject({ aborted: true, reason: { code: 'CANCEL' } });
  });

  test('that has fired already lets no call go out', async () => {
    const { url } = await serve((exchange) => exchange.respond(OK, undefined, undefined));
    const [signal, abort] = make();
    abort();
    const call = failure(pool(url).call({ ...get('/'), signal }));
    expect(await call).toMatchObject({ code: 'CANCEL', processed: 'no', cause: 'enough' });
  });
});
