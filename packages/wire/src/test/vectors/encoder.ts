import {
  BatchEncoder,
  DEFAULT_LIMITS,
  Fields,
  portableBytes,
  RequestHead,
  ResponseHead,
} from '../../index.ts';
import { concat } from '../hex.ts';
import { isSecret, takeBatch } from '../records.ts';
import { answered, requested, responded, says, unpacking, vector } from './draft.ts';
import { stored } from './packed.ts';
import type { Field, Said, Step, Topic, Vector } from './vector.ts';
import * as w from './writer.ts';

interface Options {
  readonly tableBytes?: number;
  /** Whether blobs stand beside packed records; else all is in plain. */
  readonly packed?: true;
}

function encoderOf({ tableBytes, packed }: Options): BatchEncoder {
  const limits = tableBytes === undefined ? DEFAULT_LIMITS : { ...DEFAULT_LIMITS, tableBytes };
  return new BatchEncoder({ bytes: portableBytes, limits, isSecret, inline: packed !== true });
}

/** The batch at hand as an envelope. */
function sealed(encoder: BatchEncoder, packed: boolean, isFirst: boolean): Step {
  const { records, blobs } = takeBatch(encoder);
  if (!packed) return says(w.plain(records));
  const parts = {
    ...(blobs.length === 0 ? {} : { plain: blobs }),
    packed: stored(records),
    unpacked: records,
    ...(isFirst ? { window: { codec: 1, log: 15 } } : {}),
  };
  return unpacking(records, says(w.envelope(parts)));
}

interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly fields?: readonly Field[];
  readonly body?: string;
}

/** What the encoder writes of requests, batch by batch: they must come out as they went in. */
function requests(
  name: string,
  rules: string,
  batches: readonly (readonly Asked[])[],
  options: Options = {},
): Vector {
  const encoder = encoderOf(options);
  let id = 0;
  const steps = batches.map((batch, index) => {
    const records: Said[] = [];
    for (const { method = 'GET', path, fields = [], body } of batch) {
      id++;
      const head = new RequestHead(method, path, new Fields(fields.flat()));
      const bytes = body === undefined ? undefined : Uint8Array.from(Buffer.from(body, 'latin1'));
      encoder.request(id, head, bytes, false, 0);
      records.push(
        requested(
          id,
          [[':method', method], [':path', path], ...fields],
          body === undefined ? {} : { body },
        ),
      );
    }
    return { ...sealed(encoder, options.packed === true, index === 0), records };
  });
  const more =
    options.tableBytes === undefined ? {} : { receiver: { table_bytes: options.tableBytes } };
  return vector(name, rules, steps, more);
}

/** What the encoder writes of responses. */
function responses(
  name: string,
  rules: string,
  batches: readonly (readonly (readonly [number, ...Field[]])[])[],
): Vector {
  const encoder = encoderOf({});
  let id = 0;
  const steps = batches.map((batch) => {
    const records: Said[] = [];
    for (const [status, ...fields] of batch) {
      id++;
      encoder.response(id, new ResponseHead(status, new Fields(fields.flat())), undefined, false);
      records.push(responded(id, [[':status', String(status)], ...fields]));
    }
    return { ...answered(sealed(encoder, false, false)), records };
  });
  return vector(name, rules, steps);
}

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const browser: readonly Field[] = [
  ['Host', 'news.example'],
  ['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64)'],
  ['Accept', 'text/html,*/*;q=0.8'],
  ['Accept-Language', 'de,en;q=0.7'],
];

/** What the encoder writes of small records. */
function control(): Step {
  const encoder = encoderOf({});
  encoder.request(1, new RequestHead('POST', '/up'), undefined, true, 1500.2);
  encoder.data(1, Uint8Array.of(1, 2, 3), false);
  encoder.trailers(1, new Fields(['x-sum', '6']));
  encoder.request(7, new RequestHead('GET', '/'), undefined, false, 0);
  encoder.credit(0, 65_536);
  encoder.cancel(7, 'CANCEL', 'maybe', 'größer');
  encoder.ping(1);
  encoder.pong(2 ** 32 - 1);
  encoder.goaway(0, 'NO_ERROR', false);
  const records = concat(takeBatch(encoder).records);
  return says(
    w.plain(records),
    requested(
      1,
      [
        [':method', 'POST'],
        [':path', '/up'],
      ],
      { more: true, timeout_ms: 1501 },
    ),
    { kind: 'data', id: 1, bytes: '\x01\x02\x03' },
    { kind: 'trailers', id: 1, head: [['x-sum', '6']] },
    requested(7),
    { kind: 'credit', id: 0, bytes: 65_536 },
    { kind: 'cancel', id: 7, code: 'CANCEL', processed: 'MAYBE', message: 'größer' },
    { kind: 'ping', token: 1 },
    { kind: 'pong', token: 2 ** 32 - 1 },
    { kind: 'goaway', last_id: 0, code: 'NO_ERROR' },
  );
}

export const encoderTopic: Topic = {
  name: 'encoder',
  about: 'What the encoder of @tp/wire writes: one good way to write heads among many',
  vectors: [
    requests('one head, again and again', 'W-056 W-057', [
      [{ path: '/' }],
      [{ path: '/' }, { path: '/' }],
      times(20, () => ({ path: '/' })),
    ]),
    requests('a path that differs each time', 'W-056 W-057', [
      times(3, (i) => ({ path: `/news/${i}`, fields: browser })),
      times(5, (i) => ({ path: `/news/${100 + i}`, fields: browser })),
    ]),
    requests(
      'a path and a field that repeat now and then',
      'W-057',
      times(6, (batch) =>
        times(4, (i) => ({
          path: `/${(batch + i) % 3}`,
          fields: [...browser, ['x-shard', `s${(batch * i) % 4}`] as const],
        })),
      ),
    ),
    requests(
      'heads of several shapes',
      'W-056',
      times(4, (batch) => [
        { path: '/', fields: browser },
        {
          method: 'POST',
          path: `/bid/${batch}`,
          fields: [['Content-Type', 'application/json']],
          body: `{"id":${batch}}`,
        },
        { path: '/', fields: [...browser, ['X-Forwarded-For', `10.0.0.${batch}`]] },
        {
          method: 'HEAD',
          path: '/',
          fields: [
            ['host', 'a'],
            ['host', 'b'],
            ['HOST', 'c'],
          ],
        },
      ]),
    ),
    requests(
      'secrets beside packed records',
      'W-060 W-064',
      times(4, (batch) =>
        times(2, (i) => ({
          path: `/${i}`,
          fields: [
            ['host', 'a'],
            ['Cookie', `s=${batch % 2}`],
            ['authorization', 'Bearer token'],
          ],
        })),
      ),
      { packed: true },
    ),
    requests(
      'a secret that is new each time',
      'W-060 W-064',
      times(3, (batch) =>
        times(3, (i) => ({
          path: '/',
          fields: [
            ['X-Session', `${batch}-${i}`],
            ['accept', '*/*'],
          ],
        })),
      ),
      { packed: true },
    ),
    requests(
      'secrets where nothing is packed',
      'W-060',
      times(3, (batch) => [{ path: '/', fields: [['cookie', `s=${batch}`]] }]),
    ),
    requests(
      'a table of 512 bytes that is always too small',
      'W-051 W-065',
      times(8, (batch) =>
        times(3, (i) => ({
          path: `/${batch}/${i}`,
          fields: [
            ['host', `h${batch % 4}`],
            [`x-${(batch + i) % 5}`, 'v'.repeat(20 + i)],
          ],
        })),
      ),
      { tableBytes: 512 },
    ),
    requests(
      'a table in which nothing fits',
      'W-052',
      times(2, () => times(2, (i) => ({ path: `/${i}`, fields: [['a', 'b']] }))),
      { tableBytes: 64 },
    ),
    requests(
      'values that are long, empty, or above 0x7f',
      'W-062',
      times(3, (batch) => [
        {
          path: '/\xe9',
          fields: [
            ['x', ''],
            ['y', 'v'.repeat(1025)],
            ['z', `caf\xe9 ${batch}`],
          ],
        },
      ]),
    ),
    responses(
      'responses that repeat',
      'W-056 W-057',
      times(3, (batch) =>
        times(
          3,
          (i) =>
            [
              200,
              ['content-type', 'text/plain'],
              ['date', `Tue, 24 Nov 2026 00:00:0${batch + i} GMT`],
              ['etag', `"${(batch * 3 + i) % 2}"`],
            ] as const,
        ),
      ),
    ),
    responses(
      'responses of several statuses',
      'W-056',
      times(
        3,
        () => [[200], [404, ['content-length', '0']], [204], [503, ['retry-after', '1']]] as const,
      ),
    ),
    vector('small records, ids that jump, a deadline', 'W-001 W-090', [control()]),
  ],
};
