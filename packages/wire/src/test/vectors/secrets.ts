import {
  answered,
  breaks,
  faulty,
  fine,
  GET,
  getWith,
  OK,
  requested,
  responded,
  says,
  streamError,
  unpacking,
  vector,
} from './draft.ts';
import { fill, op, STATUS } from './ops.ts';
import { stored } from './packed.ts';
import type { Field, Step, Topic, Vector } from './vector.ts';
import * as w from './writer.ts';

const { ops: getOps, text: getText } = getWith();
const window = { codec: 1, log: 15 };

/** A request of GET / whose program goes on so. */
function getThen(ops: readonly number[], ...text: readonly string[]): Uint8Array {
  return w.request({ ops: [...getOps, ...ops], text: [...getText, ...text] });
}

/** Blobs in `plain`, the records packed. */
function apart(blobs: readonly string[], records: Uint8Array, isFirst = true): Uint8Array {
  return w.envelope({
    plain: Uint8Array.from(Buffer.concat(blobs.map(w.blob))),
    packed: stored(records),
    unpacked: records,
    ...(isFirst ? { window } : {}),
  });
}

const withFields = (...fields: readonly Field[]) => [...GET, ...fields];
const cookie = getThen([...op.name(4), ...op.secret(4)], 'cookie');

/** Block 8: the cookie a hole that SECRET made, then a hole that LITERAL made. */
const kept: Step = says(
  w.plain(
    w.blob('first'),
    w.request({
      ops: [...getOps, ...op.name(4), ...op.secret(4), ...op.literal],
      text: [...getText, 'cookie', 'a', '1'],
      keep: 8,
    }),
  ),
  requested(1, withFields(['cookie', 'first'], ['a', '1'])),
);

const taken: Vector[] = [
  vector('SECRET takes a blob from plain, its record is packed', 'W-060 W-064', [
    unpacking(cookie, says(apart(['a=b'], cookie), requested(1, withFields(['cookie', 'a=b'])))),
  ]),
  fine(
    'SECRET in plain takes a blob that stands before it',
    'W-064 W-069',
    w.plain(w.blob('a=b'), cookie),
    [requested(1, withFields(['cookie', 'a=b']))],
  ),
  fine(
    'a secret may be written as any other value where nothing is packed',
    'W-060',
    w.plain(w.request(getWith(['authorization', 'Basic YTpi']))),
    [requested(1, withFields(['authorization', 'Basic YTpi']))],
  ),
  vector('SECRET_STORE stores the field, FIELD names it whole', 'W-060', [
    says(
      w.plain(w.blob('k1'), getThen([...op.name(4), ...op.secretStore(4, 5)], 'x-api-key')),
      requested(1, withFields(['x-api-key', 'k1'])),
    ),
    says(w.plain(getThen(op.field(5))), requested(2, withFields(['x-api-key', 'k1']))),
  ]),
  vector('blobs are taken in order, by several fields and records', 'W-064', [
    says(
      w.plain(
        w.blob('1'),
        w.blob('2'),
        w.blob('3'),
        getThen([...op.name(4), ...op.secret(4), ...op.secret(4)], 'cookie'),
        getThen(op.secret(4)),
      ),
      requested(1, withFields(['cookie', '1'], ['cookie', '2'])),
      requested(2, withFields(['cookie', '3'])),
    ),
  ]),
  vector('both lanes take from the same blobs, plain first', 'W-064 W-021', [
    unpacking(
      getThen(op.secret(4)),
      says(
        w.envelope({
          plain: Uint8Array.from(Buffer.concat([w.blob('1'), w.blob('2'), cookie])),
          packed: stored(getThen(op.secret(4))),
          unpacked: getThen(op.secret(4)),
          window,
        }),
        requested(1, withFields(['cookie', '1'])),
        requested(2, withFields(['cookie', '2'])),
      ),
    ),
  ]),
  fine('an empty blob', 'W-064', w.plain(w.blob(''), cookie), [
    requested(1, withFields(['cookie', ''])),
  ]),
  vector('a hole that SECRET made takes a blob when there are no ops', 'W-057', [
    kept,
    says(
      w.plain(w.blob('second'), w.request({ block: 8, text: ['GET', '/p', '2'] })),
      requested(2, [
        [':method', 'GET'],
        [':path', '/p'],
        ['cookie', 'second'],
        ['a', '2'],
      ]),
    ),
  ]),
  vector('BLOB and BLOB_STORE fill any hole, TEXT fills one that SECRET made', 'W-067 W-057', [
    kept,
    says(
      w.plain(
        w.blob('b1'),
        w.blob('b2'),
        w.request({
          block: 8,
          ops: [...fill.text, ...fill.text, ...fill.blobStore(9), ...fill.blob],
          text: ['GET', '/'],
        }),
      ),
      requested(2, withFields(['cookie', 'b1'], ['a', 'b2'])),
    ),
    says(
      w.plain(
        w.request({
          block: 8,
          ops: [...fill.text, ...fill.text, ...fill.field(9), ...fill.text],
          text: ['GET', '/', '3'],
        }),
      ),
      requested(3, withFields(['cookie', 'b1'], ['a', '3'])),
    ),
    says(
      w.plain(
        w.request({
          block: 8,
          ops: [...fill.text, ...fill.text, ...fill.text, ...fill.text],
          text: ['GET', '/', 'plain', '4'],
        }),
      ),
      requested(4, withFields(['cookie', 'plain'], ['a', '4'])),
    ),
  ]),
  vector('a response and its trailers take blobs', 'W-064', [
    answered(
      says(
        w.plain(
          w.blob('s=1'),
          w.blob('s=2'),
          w.response({
            ops: [...op.value(STATUS), ...op.name(4), ...op.secret(4)],
            text: ['200', 'set-cookie'],
            more: true,
          }),
          w.trailers(1, { ops: op.secret(4) }),
        ),
        responded(1, [...OK, ['set-cookie', 's=1']], { more: true }),
        { kind: 'trailers', id: 1, head: [['set-cookie', 's=2']] },
      ),
    ),
  ]),
  vector('a value from a blob is judged as any other', 'W-062 W-069', [
    says(
      w.plain(w.blob('x\r\n'), w.blob('fine'), cookie, getThen(op.secret(4))),
      streamError(1, 'PROTOCOL'),
      requested(2, withFields(['cookie', 'fine'])),
    ),
  ]),
];

const bodies: Vector[] = [
  fine(
    'a body that is a blob',
    'W-046 W-076',
    w.plain(w.blob('\x1f\x8b zipped'), w.request({ ops: getOps, text: getText, bodyBlob: true })),
    [requested(1, GET, { body: '\x1f\x8b zipped' })],
  ),
  fine(
    "a head's blobs come before its body's",
    'W-069',
    w.plain(
      w.blob('a=b'),
      w.blob('body'),
      w.request({
        ops: [...getOps, ...op.name(4), ...op.secret(4)],
        text: [...getText, 'cookie'],
        bodyBlob: true,
      }),
    ),
    [requested(1, withFields(['cookie', 'a=b']), { body: 'body' })],
  ),
  fine(
    'a body that is there beside body_blob is not looked at',
    'W-046',
    w.plain(
      w.blob('blob'),
      w.request({ ops: getOps, text: getText, body: 'body', bodyBlob: true }),
    ),
    [requested(1, GET, { body: 'blob' })],
  ),
  vector('data that is a blob', 'W-046 W-042', [
    says(
      w.plain(
        w.blob('piece'),
        w.request({ ops: getOps, text: getText, more: true }),
        w.record(3, w.integer(1, 1), w.integer(3, 1), w.integer(4, 1)),
      ),
      requested(1, GET, { more: true }),
      { kind: 'data', id: 1, bytes: 'piece', end: true },
    ),
  ]),
  vector('a request that is not legal takes its blobs all the same', 'W-069 W-059', [
    says(
      w.plain(
        w.blob('a=b'),
        w.blob('body'),
        w.blob('c=d'),
        w.request({
          ops: [...getOps, ...op.literal, ...op.name(4), ...op.secret(4)],
          text: [...getText, 'bad name', '', 'cookie'],
          bodyBlob: true,
        }),
        getThen(op.secret(4)),
      ),
      streamError(1, 'PROTOCOL'),
      requested(2, withFields(['cookie', 'c=d'])),
    ),
  ]),
];

const wrong: Vector[] = [
  faulty(
    'a blob that nobody takes',
    'W-064',
    w.plain(w.blob('x'), w.request(getWith())),
    'PROTOCOL',
  ),
  faulty(
    'a blob more than is taken',
    'W-064',
    w.plain(w.blob('1'), w.blob('2'), cookie),
    'PROTOCOL',
  ),
  faulty('a blob that is not there', 'W-064', w.plain(cookie), 'PROTOCOL'),
  faulty(
    'a blob behind the record that takes it',
    'W-069',
    w.plain(cookie, w.blob('x')),
    'PROTOCOL',
  ),
  faulty(
    'a body_blob without a blob',
    'W-064',
    w.plain(w.request({ ops: getOps, text: getText, bodyBlob: true })),
    'PROTOCOL',
  ),
  vector('a blob is for its own envelope only', 'W-064', [
    says(w.plain(w.blob('1'), cookie), requested(1, withFields(['cookie', '1']))),
    breaks(w.plain(getThen(op.secret(4))), 'PROTOCOL'),
  ]),
  vector('a blob in packed', 'W-064', [
    unpacking(
      Uint8Array.from(Buffer.concat([w.blob('x'), cookie])),
      breaks(
        w.envelope({
          packed: stored(Uint8Array.from(Buffer.concat([w.blob('x'), cookie]))),
          unpacked: Uint8Array.from(Buffer.concat([w.blob('x'), cookie])),
          window,
        }),
        'PROTOCOL',
      ),
    ),
  ]),
  vector('a hole that SECRET made, without a blob', 'W-064 W-058', [
    kept,
    breaks(w.plain(w.request({ block: 8, text: ['GET', '/', 'x'] })), 'PROTOCOL'),
  ]),
];

export const secretsTopic: Topic = {
  name: 'secrets',
  about: 'Values and bodies that stay out of the window: blobs, in which order they are taken',
  vectors: [...taken, ...bodies, ...wrong],
};
