import { hex, varint } from '../hex.ts';
import { answered, breaks, GET, getWith, requested, says, vector } from './draft.ts';
import { DEFAULTS, type Limit } from './limits.ts';
import type { Offer, Said, Step, Topic, Vector } from './vector.ts';
import * as w from './writer.ts';

type HelloSaid = Extract<Said, { kind: 'hello' }>;

const PREFACE = hex('f4 74 70 2f 31 0d 0a 00');
const version = w.integer(1, 1);
const preface = says(PREFACE);

/** What a hello of version 1 that says nothing else is read as, but for what is given. */
function hello(
  said: Partial<Omit<HelloSaid, 'limits'>> & { limits?: Partial<Record<Limit, number>> } = {},
): Said {
  return {
    kind: 'hello',
    version: 1,
    codecs: [],
    features: [],
    checksum: false,
    agent: '',
    token: '',
    ...said,
    limits: { ...DEFAULTS, ...said.limits },
  };
}

function opening(name: string, rules: string, steps: readonly Step[]): Vector {
  return vector(name, rules, steps, { opening: true });
}

/** A hello of these fields, read as that. */
function greets(name: string, rules: string, fields: readonly Uint8Array[], said: Said): Vector {
  return opening(name, rules, [preface, says(w.plain(w.hello(...fields)), said)]);
}

/** An envelope behind the preface that closes the connection. */
function refused(name: string, rules: string, bytes: Uint8Array, code: string): Vector {
  return opening(name, rules, [preface, breaks(bytes, code)]);
}

/** The same, where what is wrong is the envelope's checksum, or that it is no hello alone. */
function misplaced(name: string, rules: string, bytes: Uint8Array, code: string): Vector {
  return vector(name, rules, [preface, breaks(bytes, code)], { level: 'envelope', opening: true });
}

const minimal = w.hello(version);

const prefaces: Vector[] = [
  opening('the preface and a hello that says nothing but its version', 'W-007 W-009 W-013', [
    preface,
    says(w.plain(minimal), hello()),
  ]),
  opening('the acceptor opens in the same way', 'W-007 W-009', [
    answered(preface),
    answered(says(w.plain(minimal), hello())),
  ]),
  ...(
    [
      ['an HTTP request', Uint8Array.from(Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n'))],
      ['a TLS hello', hex('16 03 01 02 00 01 00 01')],
      ['a PROXY header', Uint8Array.from(Buffer.from('PROXY UNKNOWN\r\n'))],
      ['the preface of another version', hex('f4 74 70 2f 32 0d 0a 00')],
      ['a preface whose last byte is wrong', hex('f4 74 70 2f 31 0d 0a 01')],
      ['a preface whose line end was changed', hex('f4 74 70 2f 31 0a 00')],
    ] as const
  ).map(([what, bytes]) =>
    opening(`${what} closes the connection`, 'W-007 W-011 W-027', [
      { from: 'dialer', bytes, records: [], error: { scope: 'link' } },
    ]),
  ),
];

const limitNames: readonly Limit[] = [
  'batch_packed',
  'batch_unpacked',
  'table_bytes',
  'streams',
  'stream_window',
  'link_window',
  'head_bytes',
  'fields',
  'windows',
];
const limits: Vector[] = [
  ...limitNames.map((name, index) =>
    greets(
      `${name} is said, the other limits keep their defaults`,
      'W-013 W-028',
      [version, w.limits([index + 1, 200_000 + index])],
      hello({ limits: { [name]: 200_000 + index } }),
    ),
  ),
  greets(
    'all limits at once, in the reverse order',
    'W-013 W-005',
    [w.limits(...limitNames.map((_, index) => [9 - index, 131_072 + index] as const)), version],
    hello({
      limits: Object.fromEntries(limitNames.map((name, index) => [name, 131_080 - index])),
    }),
  ),
  greets(
    'limits of 0 mean the defaults',
    'W-013 W-025',
    [version, w.limits(...limitNames.map((_, index) => [index + 1, 0] as const))],
    hello(),
  ),
  greets('limits that are empty mean the defaults', 'W-013', [version, w.limits()], hello()),
  greets(
    'an unknown limit is skipped',
    'W-114 W-002',
    [version, w.limits([10, 5], [8, 50])],
    hello({ limits: { fields: 50 } }),
  ),
  greets(
    'limits of 1, but for batches',
    'W-013',
    [version, w.limits([3, 1], [4, 1], [5, 1], [6, 1], [7, 1], [8, 1])],
    hello({
      limits: {
        table_bytes: 1,
        streams: 1,
        stream_window: 1,
        link_window: 1,
        head_bytes: 1,
        fields: 1,
      },
    }),
  ),
  ...([5, 6] as const).flatMap((number) => {
    const name = number === 5 ? 'stream_window' : 'link_window';
    return [
      greets(
        `${name} of 2^31 - 1 is accepted`,
        'W-028',
        [version, w.limits([number, 2 ** 31 - 1])],
        hello({ limits: { [name]: 2 ** 31 - 1 } }),
      ),
      refused(
        `${name} of 2^31`,
        'W-028 W-027',
        w.plain(w.hello(version, w.limits([number, 2 ** 31]))),
        'PROTOCOL',
      ),
    ];
  }),
  greets(
    'more isolated windows than there can be are said',
    'W-075',
    [version, w.limits([9, 2 ** 32 - 1])],
    hello({ limits: { windows: 2 ** 32 - 1 } }),
  ),
  ...([1, 2] as const).flatMap((number) => {
    const name = number === 1 ? 'batch_packed' : 'batch_unpacked';
    return [
      greets(
        `${name} of 131,072 is accepted`,
        'W-013',
        [version, w.limits([number, 131_072])],
        hello({ limits: { [name]: 131_072 } }),
      ),
      refused(
        `${name} of 131,071`,
        'W-013 W-027',
        w.plain(w.hello(version, w.limits([number, 131_071]))),
        'PROTOCOL',
      ),
    ];
  }),
];

const offers = (...codecs: readonly Offer[]) => hello({ codecs });
const codecs: Vector[] = [
  greets(
    'two offers, best first',
    'W-070',
    [version, w.offer(2, 22), w.offer(1, 15)],
    offers({ codec: 'ZSTD', window_log: 22 }, { codec: 'DEFLATE', window_log: 15 }),
  ),
  greets(
    'offers without window_log mean 20 and 15',
    'W-071',
    [version, w.offer(2), w.offer(1)],
    offers({ codec: 'ZSTD', window_log: 20 }, { codec: 'DEFLATE', window_log: 15 }),
  ),
  greets(
    'offers of the smallest windows',
    'W-071',
    [version, w.offer(1, 9), w.offer(2, 10)],
    offers({ codec: 'DEFLATE', window_log: 9 }, { codec: 'ZSTD', window_log: 10 }),
  ),
  ...(
    [
      [1, 8],
      [1, 16],
      [2, 9],
      [2, 23],
      [2, 2 ** 32 - 1],
    ] as const
  ).map(([codec, log]) =>
    greets(
      `an offer of ${codec === 1 ? 'DEFLATE' : 'ZSTD'} with window_log ${log} is none`,
      'W-071',
      [version, w.offer(codec, log)],
      hello(),
    ),
  ),
  greets(
    'offers of unknown codecs and of NONE are none',
    'W-028 W-113',
    [version, w.offer(3, 15), w.bytes(2), w.offer(2 ** 32 - 1), w.offer(1)],
    offers({ codec: 'DEFLATE', window_log: 15 }),
  ),
  greets(
    'an unknown field in an offer is skipped',
    'W-002',
    [version, w.bytes(2, w.integer(1, 1), w.text(3, 'fast'))],
    offers({ codec: 'DEFLATE', window_log: 15 }),
  ),
];

const rest: Vector[] = [
  ...[2, 300, 2 ** 32 - 1].map((number) =>
    greets(
      `version ${number} is read; both speak the lower one`,
      'W-012 W-111',
      [w.integer(1, number)],
      hello({ version: number }),
    ),
  ),
  greets(
    'features one by one and packed',
    'W-003 W-110',
    [version, hex('20 01 22 03 02 ac 02 20 05')],
    hello({ features: [1, 2, 300, 5] }),
  ),
  greets(
    'checksum, agent and token',
    'W-017 W-024 W-006',
    [
      version,
      hex('28 01'),
      w.bytes(6, Uint8Array.from(Buffer.from('größe/1'))),
      w.bytes(7, hex('00 ff 80')),
    ],
    hello({ checksum: true, agent: 'größe/1', token: '\x00\xff\x80' }),
  ),
  greets(
    'unknown fields in a hello are skipped',
    'W-002',
    [version, w.integer(8, 1), w.text(100, '?')],
    hello(),
  ),
  greets(
    'a version that stands twice: the last counts',
    'W-005',
    [w.integer(1, 0), version],
    hello(),
  ),
  opening('requests may follow upon the hello', 'W-009', [
    preface,
    says(w.plain(minimal), hello()),
    says(w.plain(w.request(getWith())), requested(1, GET)),
  ]),
];

/** What an envelope has beside the token of its hello: crc, four tags with lengths of two bytes, version. */
const BESIDE_TOKEN = 5 + 4 * 3 + 2;

/** An envelope whose content has exactly that many bytes: a hello with a long token. */
function helloOf(length: number): Uint8Array {
  return w.plain(w.hello(version, w.bytes(7, new Uint8Array(length - BESIDE_TOKEN))));
}

const sizes: Vector[] = [
  opening('a hello whose envelope has 16,384 bytes', 'W-009', [
    preface,
    says(helloOf(16_384), hello({ token: '\0'.repeat(16_384 - BESIDE_TOKEN) })),
  ]),
  refused(
    'a hello whose envelope has 16,385 bytes',
    'W-009',
    helloOf(16_385),
    'DECOMPRESSION_LIMIT',
  ),
  refused(
    'a length of 16,385 is refused before its bytes come',
    'W-009',
    varint(16_385),
    'DECOMPRESSION_LIMIT',
  ),
  refused('a hello of length 0', 'W-010', hex('00'), 'PROTOCOL'),
  refused('a hello with a length of five bytes', 'W-010', hex('80 80 80 80 01'), 'PROTOCOL'),
];

const wrong: Vector[] = [
  refused('a hello without a version', 'W-012', w.plain(w.hello()), 'PROTOCOL'),
  refused('a hello of version 0', 'W-012', w.plain(w.hello(w.integer(1, 0))), 'PROTOCOL'),
  refused(
    'a hello that ends inside a field',
    'W-004',
    w.plain(w.hello(version, hex('3a 02 00'))),
    'PROTOCOL',
  ),
  refused(
    'a hello whose version is fixed32',
    'W-003',
    w.plain(w.hello(hex('0d 01 00 00 00'))),
    'PROTOCOL',
  ),
  misplaced(
    'a hello without its checksum',
    'W-009 W-017',
    w.envelope({ plain: minimal, crc: 'none' }),
    'CHECKSUM',
  ),
  misplaced(
    'a hello with a wrong checksum',
    'W-009 W-017',
    w.envelope({ plain: minimal, crc: 1 }),
    'CHECKSUM',
  ),
  misplaced('a ping in the place of the hello', 'W-009', w.plain(w.ping(1)), 'PROTOCOL'),
  misplaced('an empty envelope in its place', 'W-009', w.envelope({}), 'PROTOCOL'),
  misplaced('two hellos in one envelope', 'W-009 W-013', w.plain(minimal, minimal), 'PROTOCOL'),
  misplaced(
    'a request behind the hello in its envelope',
    'W-009',
    w.plain(minimal, w.request(getWith())),
    'PROTOCOL',
  ),
  misplaced(
    'an unknown field before the hello in its batch',
    'W-009',
    w.plain(w.integer(2, 1), minimal),
    'PROTOCOL',
  ),
  misplaced(
    'a hello with packed beside it',
    'W-009',
    w.envelope({
      plain: minimal,
      packed: hex('01 04 00 fb ff 0a 02 42 00 00 00 00 ff ff'),
      unpacked: hex('0a 02 42 00'),
      window: { codec: 1, log: 15 },
    }),
    'PROTOCOL',
  ),
  misplaced(
    'a hello with a window beside it',
    'W-009',
    w.envelope({ plain: minimal, window: { codec: 1, log: 15 } }),
    'PROTOCOL',
  ),
  misplaced(
    'a hello with a window_id beside it',
    'W-009',
    w.envelope({ plain: minimal, windowId: 1 }),
    'PROTOCOL',
  ),
  vector(
    'a second hello ends the link',
    'W-013',
    [says(w.plain(w.request(getWith())), requested(1)), breaks(w.plain(minimal), 'PROTOCOL')],
    { level: 'link' },
  ),
];

export const openingTopic: Topic = {
  name: 'opening',
  about: 'Prefaces and hellos',
  vectors: [...prefaces, ...limits, ...codecs, ...rest, ...sizes, ...wrong],
};
