import { readFileSync } from 'node:fs';
import { constants, crc32, inflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { Fields, PREFACE, portableBytes, RequestHead, sealPlain } from './index.ts';
import { concat, hex } from './test/hex.ts';
import { Pipe } from './test/records.ts';
import { decoded, Envelope, enumOf } from './test/text-format.ts';
import { unfoldedRecord } from './test/vectors/fold.ts';
import { DEFAULTS } from './test/vectors/limits.ts';
import { Receiver } from './test/vectors/receiver.ts';
import type { FoldedRecord, Side, Step } from './test/vectors/vector.ts';

const text = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');

/** Bytes that the document spells out, and what it says that they are. */
interface Example {
  readonly from: Side;
  readonly bytes: Uint8Array;
  readonly records: readonly FoldedRecord[];
}

/** Fenced blocks: hex on the left of each line and words on its right, then JSON. */
function examples(): Example[] {
  const fences = text.matchAll(
    /```hex (dialer|acceptor)\n([\s\S]*?)```\n\n```json\n([\s\S]*?)```/g,
  );
  return Array.from(fences, ([, from, lines = '', json = '']) => {
    const records: readonly FoldedRecord[] = JSON.parse(json);
    return { from: from === 'acceptor' ? 'acceptor' : 'dialer', bytes: bytesIn(lines), records };
  });
}

function bytesIn(lines: string): Uint8Array {
  const found = lines.split('\n').map((line) => {
    const bytes = /^\s*((?:[0-9a-f]{2} ?)+)(?: |$)/.exec(line)?.[1];
    if (bytes === undefined && line.trim() !== '') throw new Error(`no bytes stand in ${line}`);
    return bytes;
  });
  return hex(found.join('\n'));
}

/** The preface, if it is there, and each envelope with its length. */
function pieces(bytes: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  let at = bytes[0] === PREFACE[0] ? PREFACE.length : 0;
  if (at > 0) found.push(bytes.subarray(0, at));
  while (at < bytes.length) {
    let length = 0;
    let end = at;
    do length |= ((bytes[end] ?? 0) & 0x7f) << (7 * (end - at));
    while ((bytes[end++] ?? 0) >= 0x80);
    found.push(bytes.subarray(at, end + length));
    at = end + length;
  }
  return found;
}

/** What an envelope's `packed` unpacks to, in a window that has run since the first. */
class Window {
  #packed: Uint8Array = hex('');
  #before = 0;

  open(envelope: Uint8Array): Pick<Step, 'bytes' | 'unpacked'> {
    const start = envelope.findIndex((byte) => byte < 0x80) + 1;
    const parts = decoded(Envelope, envelope.subarray(start));
    const packed = parts.get('packed');
    const plain = parts.get('plain');
    const crc = parts.get('crc');
    let unpacked = hex('');
    if (packed instanceof Uint8Array) {
      this.#packed = concat(this.#packed, packed);
      const all = inflateRawSync(this.#packed, { finishFlush: constants.Z_SYNC_FLUSH });
      unpacked = Uint8Array.from(all.subarray(this.#before));
      this.#before = all.length;
      expect(parts.get('unpacked_size')).toBe(unpacked.length);
    }
    expect(crc).toBe(crc32(concat(plain instanceof Uint8Array ? plain : hex(''), unpacked)));
    return { bytes: envelope, unpacked };
  }
}

describe('the examples', () => {
  test('are all there: each block of bytes has its meaning below it', () => {
    expect(examples().length).toBeGreaterThan(11);
    expect(text.match(/^```hex/gm)).toHaveLength(examples().length);
    expect(text.match(/^```json/gm)).toHaveLength(examples().length);
    for (const [, lines = ''] of text.matchAll(/^```\n([\s\S]*?)^```$/gm)) {
      expect(lines).not.toMatch(/^\s*(?:[0-9a-f]{2} ){2,}/m);
    }
  });

  test('say what the document says, byte for byte', () => {
    const links = new Map<Side, Receiver>();
    for (const { from, bytes, records } of examples()) {
      const starts = bytes[0] === PREFACE[0];
      const receiver = starts
        ? new Receiver({ opening: true })
        : (links.get(from) ?? new Receiver({}));
      if (starts) links.set(from, receiver);
      const window = new Window();
      const said = pieces(bytes).flatMap((piece) => {
        const isPreface = piece[0] === PREFACE[0];
        const { records, error } = receiver.take(
          isPreface ? { bytes: piece } : window.open(piece),
          Number.POSITIVE_INFINITY,
        );
        expect(error).toBeUndefined();
        return records;
      });
      expect(said).toEqual(records.map(unfoldedRecord));
    }
  });

  test('section 4: the two envelopes are what is written for their requests', () => {
    const foo = new RequestHead('GET', '/foo/bar', new Fields(['Host', 'foobar']));
    const { encoder } = new Pipe({}, true);
    encoder.request(1, foo, undefined, false, 0);
    const first = sealPlain(encoder.records, portableBytes, true).slice();
    encoder.reset();
    encoder.request(2, foo, undefined, false, 1000);
    encoder.request(3, foo, undefined, false, 0);
    const second = sealPlain(encoder.records, portableBytes, true).slice();
    const [example] = examples();
    expect(Buffer.from(example?.bytes ?? '').toString('hex')).toBe(
      Buffer.from(concat(first, second)).toString('hex'),
    );
  });

  test('section 3: the preface', () => {
    const said = /eight bytes: `([0-9A-F ]+)`/.exec(text)?.[1] ?? '';
    expect(hex(said.toLowerCase())).toEqual(PREFACE);
  });
});

/** Rows of a table whose first cell is code or a name in capitals. */
function rows(section: RegExp): string[][] {
  const part = section.exec(text)?.[0] ?? '';
  const lines = part.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('the tables', () => {
  test('section 3: limits and their defaults', () => {
    const limits = rows(/\| limit in hello[\s\S]*?\n\n/).map(([name = '', value = '']) => [
      name.replaceAll('`', ''),
      Number(value.replaceAll(',', '')),
    ]);
    expect(limits).toEqual(Object.entries(DEFAULTS));
  });

  test('section 11: codes and their numbers', () => {
    const codes = rows(/\| code [\s\S]*?\n\n/).map(([name, number]) => [name, Number(number)]);
    expect(Object.fromEntries(codes)).toEqual(enumOf('Code'));
  });
});

describe('the rules', () => {
  const defined = Array.from(text.matchAll(/^- \*\*(W-\d{3})\*\* /gm), ([, rule = '']) => rule);

  test('have a number each', () => {
    expect(defined.length).toBeGreaterThan(100);
    expect(new Set(defined).size).toBe(defined.length);
  });

  test('are there where others refer to them', () => {
    for (const [rule] of text.matchAll(/W-\d{3}/g)) expect(defined).toContain(rule);
    const proto = readFileSync(new URL('../proto/tp/v1/wire.proto', import.meta.url), 'utf8');
    for (const [rule] of proto.matchAll(/W-\d{3}/g)) expect(defined).toContain(rule);
  });
});
