import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_LIMITS } from '@tp/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { headerBytes } from '../suites/header-bytes.ts';
import { countHeadBytes } from './head-bytes.ts';
import { readStories } from './stories.ts';
import { toList } from './story-head.ts';

const found = readStories();
const stories = 'stories' in found ? found.stories : [];

describe.skipIf(stories.length === 0)(
  'the header stories (skipped where ../shared/data is missing)',
  () => {
    it('are read whole: the names and values are as long as their README says', () => {
      expect(stories.map(({ name }) => name)).toEqual(['20', '22', '24', '26', '28', '30']);
      for (const { lists, textBytes } of stories) {
        expect(lists.flat().reduce((sum, text) => sum + text.length, 0)).toBe(textBytes);
      }
    });

    it('are heads that stand for nothing less than the lists', () => {
      for (const { lists, heads } of stories) {
        expect(heads.map(toList)).toEqual(lists.map((list) => list.map((text) => text.trim())));
      }
    });

    it.each(['none', 'zstd'] as const)('come out as they went in, with %s', (codec) => {
      for (const { heads } of stories) {
        for (const tableBytes of [0, 512, 4096, 65_536]) {
          const hasRoom = codec === 'none' || tableBytes > 0;
          const limits = { ...DEFAULT_LIMITS, tableBytes };
          for (const batch of hasRoom ? [1, 8, heads.length] : []) {
            expect(countHeadBytes(heads, { codec, batch, limits })).toBeGreaterThan(0);
          }
        }
      }
    });

    it('cost at most 1.15 times what HPACK spends on them, and packed in batches of eight at most 0.6 times', () => {
      const { ratios } = headerBytes();
      expect(ratios.map(({ name }) => name)).toEqual([
        'headers bytes vs hpack',
        'headers bytes vs hpack (compressed, batches of 8)',
      ]);
      const [plain, packed] = ratios.map(({ value }) => value);
      expect(plain).toBeLessThanOrEqual(1.15);
      expect(packed).toBeLessThanOrEqual(0.6);
    });
  },
);

describe('a folder of stories', () => {
  const folders: string[] = [];

  function folderWith(files: Readonly<Record<string, string>>): string {
    const folder = mkdtempSync(join(tmpdir(), 'stories-'));
    folders.push(folder);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return folder;
  }

  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  const readme = '| 7 | 2 | 41 | 1,012 |';
  const story = (headers: unknown) => JSON.stringify({ context: 'request', cases: [{ headers }] });
  const list = [
    { ':method': 'GET' },
    { ':scheme': 'http' },
    { ':authority': 'a' },
    { ':path': '/' },
  ];

  it('gives lists, heads and what HPACK spends', () => {
    const read = readStories(
      folderWith({ 'README.md': readme, 'story_7.json': story([...list, { A: '1' }, { A: '1' }]) }),
    );
    expect(read).toMatchObject({ stories: [{ name: '7', textBytes: 41, hpackBytes: 1012 }] });
    const head = 'stories' in read ? read.stories[0]?.heads[0] : undefined;
    expect(head).toMatchObject({ method: 'GET', path: '/' });
    expect(head?.fields.raw).toEqual([
      'x-forwarded-proto',
      'http',
      'host',
      'a',
      'A',
      '1',
      'A',
      '1',
    ]);
  });

  it('says why there are none', () => {
    expect(readStories(join(tmpdir(), 'no-such-folder'))).toEqual({
      why: 'the header stories are not in ../shared/data/headers',
    });
  });

  it.each([
    ['no row', '| 8 | 2 | 41 | 1,012 |', story(list), 'no row of story 7'],
    ['no context', readme, '{"cases":[]}', 'expected a context and cases'],
    ['a field with two names', readme, story([{ a: '1', b: '2' }]), 'expected headers'],
    ['a value that is no text', readme, story([{ a: 1 }]), 'expected headers'],
  ])('complains about %s', (_what, table, text, complaint) => {
    const folder = folderWith({ 'README.md': table, 'story_7.json': text });
    expect(() => readStories(folder)).toThrow(complaint);
  });
});
