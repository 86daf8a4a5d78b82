import { expect, test } from 'vitest';
import { thrownBy } from '../test/failure.ts';
import { namesOf, PinnedNames } from './peer-names.ts';

test('names are read from what Node prints: DNS in lower case, URIs as they are, addresses', () => {
  expect(
    namesOf('DNS:A.example, DNS:*.b.example, URI:spiffe://T/a, IP Address:127.0.0.1, email:a@b'),
  ).toEqual(['a.example', '*.b.example', 'spiffe://T/a', '127.0.0.1']);
  expect(namesOf(undefined)).toEqual([]);
  expect(namesOf('')).toEqual([]);
});

test('a name that holds a list of names is one odd name, and none of ours', () => {
  expect(namesOf('DNS:"evil.example, DNS:good.example", DNS:b.example')).toEqual(['b.example']);
  expect(namesOf(String.raw`DNS:"a\", DNS:good.example", URI:"urn:a,b"`)).toEqual(['urn:a,b']);
});

test.each(['DNS:a.example\0.good.example', 'DNS:spiffe://a', 'URI:no uri', 'DNS:', 'IP Address:x'])(
  'what is no legal name is left out: %j',
  (text) => {
    expect(namesOf(`${text}, DNS:b.example`)).toEqual(['b.example']);
  },
);

test.each(['DNS:a.example, DNS', 'DNS:a.example, "DNS:b.example"', 'DNS:"a', 'DNS:a"b"'])(
  'a list that cannot be followed has no names: %j',
  (text) => {
    expect(namesOf(text)).toEqual([]);
  },
);

test('a long list of quotes and backslashes takes no longer than its length', () => {
  expect(namesOf(`DNS:"${'\\'.repeat(100_001)}`)).toEqual([]);
});

test.each<[string, string, boolean]>([
  ['a.example', 'a.example', true],
  ['A.example', 'a.example', true],
  ['a.example', 'b.a.example', false],
  ['a.example', 'a.example.evil', false],
  ['*.a.example', 'b.a.example', true],
  ['*.a.example', 'a.example', false],
  ['*.a.example', 'c.b.a.example', false],
  ['*.a.example', '.a.example', false],
  ['*.a.example', '*.a.example', true],
  ['b.a.example', '*.a.example', true],
  ['*.b.example', '*.example', false],
  ['spiffe://t/a', 'spiffe://t/a', true],
  ['spiffe://t/a', 'spiffe://T/a', false],
  ['spiffe://t/a', 'spiffe://t/a/b', false],
  ['*.a.example', 'spiffe://b.a.example', false],
])('%s pinned, %s found: %s', (pin, found, isPeer) => {
  expect(new PinnedNames([pin]).mismatch([found]) === undefined).toBe(isPeer);
});

test('a mismatch says what was found and what is expected', () => {
  const pinned = new PinnedNames(['a.example', 'spiffe://t/a']);
  expect(pinned.mismatch(['b.example', '127.0.0.1'])).toBe(
    "the peer's certificate has b.example, 127.0.0.1; expected one of a.example, spiffe://t/a",
  );
  expect(pinned.mismatch([])).toContain('has no name');
});

test.each([
  [[]],
  [['']],
  [['*']],
  [['a..b']],
  [['*.*.a']],
  [['a.*.b']],
  [['a b']],
  [['a.example', 'x y']],
])('names that cannot be are refused: %j', (names) => {
  expect(thrownBy(() => new PinnedNames(names))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('tls.names'),
  });
});
