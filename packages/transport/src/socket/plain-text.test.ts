import { expect, test } from 'vitest';
import { createPool } from '../pool/pool.ts';
import { pool, serve } from '../test/ends.ts';
import { failure, outcome, thrownBy } from '../test/failure.ts';
import { parseAddress } from './address.ts';
import { createDialer } from './dial.ts';

const ignore = () => {};

test.each(['teleport://192.0.2.1:1', 'teleport://far.example:1', 'teleport://[2001:db8::1]:1'])(
  'a pool dials %s only when insecure is asked for',
  (url) => {
    const refused = thrownBy(() => createPool([url]));
    expect(refused).toMatchObject({ code: 'INVALID_ARGUMENT', processed: 'no' });
    expect(refused.message).toBe(
      `found ${url}, which leaves this machine in plain text; expected teleports://, or the option insecure: true`,
    );
    expect(pool(url, { insecure: true }).pending).toBe(0);
  },
);

test('one plain address among others is enough to refuse', () => {
  const urls = ['teleport://127.0.0.1:1', 'teleports://192.0.2.1:1', 'teleport://192.0.2.2:1'];
  expect(thrownBy(() => createPool(urls)).message).toContain('teleport://192.0.2.2:1');
  expect(thrownBy(() => createPool(['teleport+srv://_tp._tcp.far.example'])).message).toContain(
    'in plain text',
  );
});

test.each([
  'teleport://127.0.0.1:1',
  'teleport://127.9.9.9:1',
  'teleport://localhost:1',
  'teleport://[::1]:1',
  'teleports://192.0.2.1:1',
  'teleport+unix:/nowhere',
])('%s needs no leave', (url) => {
  expect(pool(url).pending).toBe(0);
});

test('a dialer of one’s own may connect as it likes', () => {
  const dial = () => new Promise<never>(ignore);
  expect(pool('teleport://far.example:1', { dial }).pending).toBe(0);
});

test('the dialer that one’s own may add to is as careful', async () => {
  const far = parseAddress('teleport://192.0.2.1:1');
  const { signal } = new AbortController();
  expect((await failure(createDialer()(far, signal))).message).toContain('in plain text');
  const leaving = new AbortController();
  const dialled = outcome(createDialer(undefined, true)(far, leaving.signal));
  leaving.abort();
  expect(await dialled).toBe('UNREACHABLE no');
});

test.each(['teleport://0.0.0.0:0', 'teleport://[::]:0'])(
  'a server listens at %s only when insecure is asked for',
  async (url) => {
    const refused = await failure(serve(ignore, {}, url));
    expect(refused.code).toBe('INVALID_ARGUMENT');
    expect(refused.message).toContain('expected teleports://, or the option insecure: true');
    expect((await serve(ignore, { insecure: true }, url)).url).not.toContain(':0/');
  },
);
