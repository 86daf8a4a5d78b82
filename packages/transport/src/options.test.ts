import { type CodecName, isTpError } from '@tp/wire';
import { describe, expect, it } from 'vitest';
import { createTransportServer } from './server.ts';
import { thrownBy } from './test/failure.ts';
import { deflate, zstd } from './window/native-codecs.ts';

function refusal(options: Parameters<typeof createTransportServer>[1]): string {
  try {
    createTransportServer(() => {}, options);
    return 'taken';
  } catch (error) {
    return isTpError(error) ? `${error.code} ${error.processed} ${error.message}` : 'another error';
  }
}

describe('options that cannot be', () => {
  it('refuses 0 for what a hello says, where it would mean the default (W-013)', () => {
    expect(refusal({ limits: { streams: 0 } })).toBe(
      'INVALID_ARGUMENT no found limits.streams: 0; expected a number from 1 to 2147483647',
    );
    expect(refusal({ limits: { tableBytes: 0 } })).toContain('limits.tableBytes: 0');
    expect(refusal({ limits: { streams: 1 } })).toBe('taken');
  });

  it('refuses batches that not every legal record fits (W-013)', () => {
    expect(refusal({ limits: { batchPacked: 131_071 } })).toContain('from 131072');
    expect(refusal({ limits: { batchPacked: 131_072 } })).toBe('taken');
  });

  it('refuses credit above what a sum may reach (W-043)', () => {
    expect(refusal({ limits: { linkWindow: 2 ** 31 } })).toContain('limits.linkWindow');
    expect(refusal({ limits: { linkWindow: 2 ** 31 - 1 } })).toBe('taken');
  });

  it('refuses sizes and delays below what they can be, and what is no number', () => {
    expect(refusal({ maxBatchBytes: 0 })).toContain('maxBatchBytes: 0');
    expect(refusal({ maxBatchDelayMs: -1 })).toContain('maxBatchDelayMs: -1');
    expect(refusal({ limits: { requestTimeoutMs: Number.NaN } })).toContain('NaN');
    expect(refusal({ limits: { maxBodyBytes: Infinity } })).toBe('taken');
  });

  it('refuses a limit that it does not know', () => {
    const misspelt = { limits: Object.fromEntries([['maxBodyByte', 5]]) };
    expect(refusal(misspelt)).toContain('"maxBodyByte"; there is none of that name');
  });
});

describe('codecs', () => {
  it('refuses settings that the codec cannot have', () => {
    const cannot: readonly [() => unknown, string][] = [
      [() => zstd.with({ level: 0 }), 'level: 0; expected a whole number from 1 to 22'],
      [() => zstd.with({ level: 23 }), 'level: 23'],
      [() => zstd.with({ windowLog: 9 }), 'windowLog: 9; expected a whole number from 10 to 22'],
      [() => zstd.with({ windowLog: 23 }), 'windowLog: 23'],
      [() => deflate.with({ level: -1 }), 'level: -1; expected a whole number from 0 to 9'],
      [
        () => deflate.with({ windowLog: 16 }),
        'windowLog: 16; expected a whole number from 9 to 15',
      ],
      [() => deflate.with({ windowLog: 8 }), 'windowLog: 8'],
      [() => deflate.with({ memLevel: 10 }), 'memLevel: 10; expected a whole number from 1 to 9'],
      [() => deflate.with({ level: 2.5 }), 'level: 2.5'],
    ];
    for (const [make, message] of cannot) expect(thrownBy(make).message).toContain(message);
  });

  it('refuses an unknown name, and a codec of your own with a window that cannot be (W-071)', () => {
    const misspelt: readonly CodecName[] = JSON.parse('["zstandard"]');
    expect(refusal({ codecs: misspelt })).toContain('found the codec "zstandard"');
    expect(refusal({ codecs: { send: misspelt } })).toContain('found the codec "zstandard"');
    expect(refusal({ codecs: [{ ...deflate, windowLog: 16 }] })).toContain(
      'found windowLog: 16 of the codec deflate',
    );
    expect(refusal({ codecs: { receive: [] } })).toBe('taken');
  });
});
