import { describe, expect, test } from 'vitest';
import { thrownBy } from '../test/failure.ts';
import { parseAddress, withPort } from './address.ts';

describe('parseAddress', () => {
  test.each([
    ['teleport://example.org:7000', { kind: 'tcp', host: 'example.org', port: 7000 }],
    ['teleport://127.0.0.1:0/', { kind: 'tcp', host: '127.0.0.1', port: 0 }],
    ['teleports://[::1]:443', { kind: 'tls', host: '::1', port: 443 }],
    ['teleport+unix:/run/a b.sock', { kind: 'unix', path: '/run/a b.sock' }],
    ['teleport+unix:relative', { kind: 'unix', path: 'relative' }],
  ])('reads %s', (url, parts) => {
    expect(parseAddress(url)).toMatchObject(parts);
  });

  test.each([
    '',
    'example.org:7000',
    'http://example.org:7000',
    'teleport://example.org',
    'teleport://example.org:65536',
    'teleport://example.org:-1',
    'teleport://:7000',
    'teleport://user@example.org:7000',
    'teleport://example.org:7000/path',
    'teleport://example.org:7000?q',
    'teleport://::1:7000',
    'teleport+unix:',
    'TELEPORT://example.org:7000',
    ' teleport://example.org:7000',
  ])('says what it found in %j and what it expects', (url) => {
    const error = thrownBy(() => parseAddress(url));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', processed: 'no' });
    expect(error.message).toContain(JSON.stringify(url));
    expect(error.message).toContain('expected teleport://HOST:PORT');
  });

  test('the bound port goes into the address', () => {
    expect(withPort(parseAddress('teleports://[::1]:0'), 7).url).toBe('teleports://[::1]:7');
    expect(withPort(parseAddress('teleport://a:0'), 7)).toMatchObject({
      url: 'teleport://a:7',
      port: 7,
    });
  });
});
