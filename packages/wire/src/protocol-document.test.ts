import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import {
  DEFAULT_LIMITS,
  EnvelopeDecoder,
  Fields,
  portableBytes,
  RequestHead,
  sealPlain,
} from './index.ts';
import { hex } from './test/hex.ts';
import { Pipe } from './test/records.ts';

/** The bytes of the two envelopes that docs/protocol.md spells out: hex on the left of each line. */
function documented(): Uint8Array {
  const text = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');
  const block =
    /\*\*Two envelopes, byte by byte\*\*[\s\S]*?```\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
  const bytes = block.split('\n').map((line) => /^\s*((?:[0-9a-f]{2} ?)+)(?: |$)/.exec(line)?.[1]);
  return hex(bytes.join('\n'));
}

const foo = new RequestHead('GET', '/foo/bar', new Fields(['Host', 'foobar']));

test('section 4: the two envelopes of the document are what is written for their requests', () => {
  const { encoder } = new Pipe({}, true);
  encoder.request(1, foo, undefined, false, 0);
  const first = sealPlain(encoder.records, portableBytes, true).slice();
  encoder.reset();
  encoder.request(2, foo, undefined, false, 1000);
  encoder.request(3, foo, undefined, false, 0);
  const second = sealPlain(encoder.records, portableBytes, true).slice();
  expect(Buffer.concat([first, second]).toString('hex')).toBe(
    Buffer.from(documented()).toString('hex'),
  );
});

test('section 4: the two envelopes of the document are read as the requests that it names', () => {
  const { decoder, sink } = new Pipe();
  const envelopes = new EnvelopeDecoder(DEFAULT_LIMITS);
  for (const { plain, crc } of envelopes.push(documented())) {
    expect(crc).toBe(crc32(plain ?? ''));
    decoder.decode(plain, undefined);
  }
  const request = { method: 'GET', path: '/foo/bar', fields: ['Host', 'foobar'] };
  expect(sink.said).toMatchObject([
    { ...request, id: 1, timeoutMs: 0 },
    { ...request, id: 2, timeoutMs: 1000 },
    { ...request, id: 3, timeoutMs: 0 },
  ]);
});
