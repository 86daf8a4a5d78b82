import { createHash, randomFillSync } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { curlBytes } from './curl.ts';
import { canSeeMemory, watchMemory } from './memory.ts';
import { type Nginx, startNginx } from './nginx.ts';
import { startOrigin } from './origin-process.ts';
import { startPair } from './pair.ts';
import { needs } from './tools.ts';

const need = needs('nginx', 'curl');
const SIZE = 100 * 1024 * 1024;
/** What a proxy may take on top of what it held before, in MiB. */
const MAX_GROWTH = 64;

describe.skipIf(need.missing)(need.title('100 MiB of random bytes'), { timeout: 60_000 }, () => {
  const ends: (() => void | Promise<void>)[] = [];
  const place = mkdtempSync(join(tmpdir(), 'tp-transfer-'));
  const file = join(place, 'sent');
  let nginx: Nginx = { address: '', prefix: '', root: '' };
  let origin = '';
  let digest = '';

  beforeAll(async () => {
    const atEnd = (end: () => void | Promise<void>): void => void ends.push(end);
    nginx = await startNginx(atEnd);
    origin = await startOrigin(atEnd);
    const bytes = randomFillSync(Buffer.alloc(SIZE));
    digest = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(file, bytes);
    writeFileSync(join(nginx.root, 'big.bin'), bytes);
    writeFileSync(join(nginx.root, 'small.txt'), 'small');
  });

  afterAll(async () => {
    for (const end of ends.reverse()) await end();
    rmSync(place, { recursive: true });
  });

  it.each(['zstd', 'none'])('come down whole in little memory, codec %s', async (codec) => {
    const flags = ['--codec', codec];
    const { address, near, far } = await startPair(nginx.address, { near: flags, far: flags });
    await curlBytes([`${address}/small.txt`]);
    const memory = canSeeMemory ? watchMemory([near.pid, far.pid]) : undefined;
    const got = join(place, 'got');
    await curlBytes(['-o', got, `${address}/big.bin`]);
    expectLittle(memory?.growth());
    const hash = createHash('sha256');
    for await (const piece of createReadStream(got)) hash.update(piece);
    expect(hash.digest('hex')).toBe(digest);
  });

  it.each([
    ['zstd', 'declared', []],
    ['none', 'declared', []],
    ['zstd', 'in chunks', ['-H', 'Transfer-Encoding: chunked']],
  ])('go up whole in little memory, codec %s, %s', async (codec, _how, args) => {
    const flags = ['--codec', codec];
    const { address, near, far } = await startPair(origin, { near: flags, far: flags });
    await curlBytes([`${address}/echo`]);
    const memory = canSeeMemory ? watchMemory([near.pid, far.pid]) : undefined;
    const answer = await curlBytes([...args, '-T', file, `${address}/echo/`]);
    expectLittle(memory?.growth());
    expect(JSON.parse(answer)).toMatchObject({ bytes: SIZE, sha256: digest });
  });
});

function expectLittle(growth: readonly number[] | undefined): void {
  for (const mebibytes of growth ?? []) expect(mebibytes).toBeLessThan(MAX_GROWTH);
}
