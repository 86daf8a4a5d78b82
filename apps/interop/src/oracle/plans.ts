import fc from 'fast-check';
import type { Answered, Asked, AskedBody, Hop, Leave, Pace, Plan } from './plan.ts';

/** So many plans, the same ones for the same seed. */
export function plans(count: number, seed: number): Plan[] {
  return fc.sample(plan, { numRuns: count, seed });
}

/** The sizes at which something changes: one record, one piece, a body that rides with its head. */
const size = fc.constantFrom(
  0,
  1,
  7,
  1000,
  16_383,
  16_384,
  16_385,
  65_535,
  65_536,
  65_537,
  200_000,
);
const pieces = fc.array(size, { maxLength: 5 });
const pace: fc.Arbitrary<Pace> = fc.constantFrom('at once', 'slow', 'in step');

const PRINTABLE = Array.from({ length: 95 }, (_, i) => String.fromCharCode(0x20 + i)).join('');

function letters(of: string): fc.Arbitrary<string> {
  return fc.constantFrom(...of);
}

/** Tokens of RFC 9110 section 5.6.2 that no one has a meaning for. */
const oddName = fc.constantFrom(
  ...['x', 'X-Mixed-CASE', 'x-many', '__proto__', 'constructor', 'hasOwnProperty', 'toString'],
  ...["!#$%&'*+-.^_`|~", '0', 'x_under', 'x-123', 'Accept-Language', 'Authorization', 'Cookie'],
  ...['If-None-Match', 'User-Agent', 'X-Forwarded-For', 'Range', 'Accept', 'Origin', 'DNT'],
);

const value = fc.oneof(
  fc.constantFrom('', '0', 'a, b', '"quoted, text"', ' around\t', 'in\tside', 'x'.repeat(2000)),
  fc.constantFrom('grüße', '\x80\xff', 'a=b; c=d', "<>&'", '%00', '\\', '()'),
  fc.array(letters(PRINTABLE), { maxLength: 20 }).map((made) => made.join('')),
);

const path = fc.oneof(
  fc.constantFrom(
    '/',
    '//',
    '/a//b/',
    '/%00',
    '/%zz',
    '/a;b=c',
    '/ä/世界',
    '/?',
    '/?a=1&a=2',
    '/a?b?c',
  ),
  fc.constantFrom("/!$&'()*+,;=:@-._~", '/a/../b/./c', '/a b', '/x#fragment', '/[]|\\^`{}'),
  fc.array(letters("aZ09-._~!$&'()*+,;=:@/%?")).map((made) => `/${made.join('')}`),
);

const method = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('GET', 'POST') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'HEAD',
      'PUT',
      'PATCH',
      'DELETE',
      'OPTIONS',
      'get',
      'pOsT',
      'delete',
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom('PROPFIND', 'PURGE', 'M-SEARCH', 'QUERY', 'REPORT') },
);

const body: fc.Arbitrary<AskedBody> = fc.oneof(
  fc.constant({ kind: 'none' as const }),
  fc.record({ kind: fc.constantFrom('text', 'bytes', 'blob', 'form', 'params'), size }),
  fc.record({
    kind: fc.constant('stream' as const),
    pieces,
    pace,
    breaks: fc.constantFrom(false, false, false, true),
  }),
);

const asked: fc.Arbitrary<Asked> = fc
  .record({
    method,
    path,
    fields: fc.array(fc.tuple(oddName, value), { maxLength: 6 }),
    body,
    redirect: fc.constantFrom('follow', 'follow', 'follow', 'follow', 'manual', 'error'),
  })
  .map((made) => (/^(get|head)$/i.test(made.method) ? { ...made, body: { kind: 'none' } } : made));

const hop: fc.Arbitrary<Hop> = fc.record({
  status: fc.constantFrom(301, 302, 303, 307, 308),
  location: fc.constantFrom<(string | undefined)[]>(
    ...['/next', 'relative?q', '?query', '/with#fragment', '//', 'http://', '/ä', '/a/../b'],
    undefined,
  ),
});

const answerName = fc.oneof(
  oddName,
  fc.constantFrom(
    'Set-Cookie',
    'ETag',
    'Cache-Control',
    'Vary',
    'Content-Type',
    'Location',
    'Link',
  ),
);

/**
 * No early hints: Node's `fetch` (undici 7.29) now and then gives the bytes of a 103 head in place of
 * the first ones of the body behind it.
 */
const answered: fc.Arbitrary<Answered> = fc.record({
  status: fc.oneof(
    { weight: 3, arbitrary: fc.constant(200) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(201, 203, 204, 205, 206, 226, 299, 304, 400, 404, 418, 451, 500),
    },
    { weight: 1, arbitrary: fc.constantFrom(300, 305, 399, 502, 503, 599) },
  ),
  reason: fc.constantFrom('OK', 'Odd Reason', 'grün', "Don't?"),
  fields: fc.array(fc.tuple(answerName, value), { maxLength: 6 }).map((pairs) => pairs.flat()),
  reads: fc.constantFrom('first', 'first', 'late', 'never'),
  pieces,
  pace,
  coding: fc.constantFrom('none', 'none', 'none', 'gzip', 'br', 'deflate', 'broken gzip'),
  declared: fc.boolean(),
  trailers: fc.constantFrom(false, false, false, true),
  cut: fc.constantFrom<Answered['cut'][]>(
    ...(['nowhere', 'nowhere', 'nowhere', 'nowhere', 'nowhere', 'nowhere'] as const),
    ...(['before the head', 'at the head', 'in the body'] as const),
  ),
});

const leave: fc.Arbitrary<Leave> = fc.constantFrom<Leave[]>(
  ...(['never', 'never', 'never', 'never', 'never', 'never', 'never'] as const),
  ...(['before it asks', 'once it has asked', 'at the head', 'in the body'] as const),
  'by cancelling',
);

const plan: fc.Arbitrary<Plan> = fc
  .record({
    asked,
    hops: fc.oneof(
      { weight: 4, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(hop, { minLength: 1, maxLength: 3 }) },
    ),
    answered,
    leave,
  })
  .map(possible);

/**
 * Makes of each plan one whose course does not depend on chance. Who sends in step must be read; who
 * leaves or cuts meets a peer that waits for that, not one that may have ended before.
 */
function possible(plan: Plan): Plan {
  const { asked, answered, leave } = plan;
  const leads = plan.hops.length > 0;
  const isBodiless = /^head$/i.test(asked.method) || [204, 205, 304].includes(answered.status);
  const stays = leads || (isBodiless && leave !== 'once it has asked');
  const left = stays && leave !== 'before it asks' ? 'never' : leave;
  const isHeld = left === 'in the body' || left === 'by cancelling' || left === 'at the head';
  const mayCut = left === 'never' && (!isBodiless || answered.cut === 'before the head');
  const cut = mayCut ? answered.cut : 'nowhere';
  const isCut = cut === 'at the head' || cut === 'in the body';
  const isWrong = left !== 'never' || cut !== 'nowhere' || answered.reads === 'never';
  const body = safe(asked.body, isWrong, leads);
  const breaks = body.kind === 'stream' && body.breaks;
  const coding = isHeld || isCut ? 'none' : answered.coding;
  const isCoded = coding !== 'none' || isBodiless;
  const mustRead =
    (body.kind === 'stream' && answered.reads === 'never') ||
    (isBodiless && answered.reads === 'late');
  return {
    asked: { ...asked, body },
    hops: plan.hops,
    leave: left,
    answered: {
      ...answered,
      reads: mustRead ? 'first' : answered.reads,
      pace: isCoded && answered.pace === 'in step' ? 'slow' : answered.pace,
      cut,
      coding,
      trailers: answered.trailers && !answered.declared && !isBodiless,
      pieces: isHeld || isCut || breaks ? [1000, ...answered.pieces, 7] : answered.pieces,
    },
  };
}

/**
 * A stream that breaks off is the one thing that goes wrong, and has sent something before. Blobs and
 * forms are read to their end: Node's `fetch` throws out of reach where one is given up before.
 */
function safe(body: AskedBody, isWrong: boolean, leads: boolean): AskedBody {
  switch (body.kind) {
    case 'blob':
    case 'form':
      return isWrong ? { kind: 'bytes', size: body.size } : body;
    case 'stream':
      if (!body.breaks) return body;
      return isWrong || leads
        ? { ...body, breaks: false }
        : { ...body, pieces: [7, ...body.pieces] };
    default:
      return body;
  }
}
