import { describe, expect, test } from 'vitest';
import { everyCut, everyFlip, runFaults } from '../test/every-fault.ts';
import { watchProcess } from '../test/victim.ts';

watchProcess();

/** One bit in so many: all of them are for `npm run bench -- trials bytes`. */
const SHARE_OF_BITS = 35;
const PATIENCE_MS = 120_000;

describe.each(['none', 'deflate', 'zstd'] as const)('two exchanges of 4 KiB, %s', (codec) => {
  test('cut at every byte: each call ends, with the right answer or a true error', {
    timeout: PATIENCE_MS,
  }, async () => {
    const { outcomes, violations } = await runFaults(codec, await everyCut(codec));
    expect(violations).toEqual([]);
    expect([...outcomes.keys()].sort()).toEqual([
      'LINK_LOST maybe',
      'LINK_LOST yes',
      'UNREACHABLE no',
      'ok',
    ]);
  });

  test('with a bit turned over: no other answer than the right one, no hang (W-017)', {
    timeout: PATIENCE_MS,
  }, async () => {
    const some = (await everyFlip(codec)).filter((_, i) => i % SHARE_OF_BITS === 0);
    const { outcomes, violations } = await runFaults(codec, some);
    expect(violations).toEqual([]);
    expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['CHECKSUM maybe', 'ok']));
  });
});
