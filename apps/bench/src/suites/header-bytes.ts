import { requestHttp1, responseHttp1 } from '@tp/savings';
import { RequestHead } from '@tp/wire';
import { countHeadBytes, type HeadWriting } from '../headers/head-bytes.ts';
import { readStories, type Story } from '../headers/stories.ts';
import type { Findings, Ratio, Result } from '../report/report.ts';

/** Heads in a batch: a few requests of one page. */
const BATCH = 8;

const WAYS: readonly (HeadWriting & { readonly part: string; readonly ratio: string })[] = [
  { codec: 'none', batch: BATCH, part: '', ratio: 'headers bytes vs hpack' },
  {
    codec: 'zstd',
    batch: BATCH,
    part: `/batch-${BATCH}`,
    ratio: `headers bytes vs hpack (compressed, batches of ${BATCH})`,
  },
];

/** What the heads of real sites take in our records and in HPACK: each story by itself, and all of them. */
export function headerBytes(): Findings {
  const found = readStories();
  if ('why' in found) {
    return { results: [], ratios: [], notMeasured: [{ system: 'hpack', why: found.why }] };
  }
  const rows: { readonly story: Story; readonly bytes: readonly number[] }[] = found.stories.map(
    (story) => ({ story, bytes: WAYS.map((way) => countHeadBytes(story.heads, way)) }),
  );
  const results = rows.flatMap(({ story, bytes }) => resultsOf(story, bytes));
  const hpack = sum(rows.map(({ story }) => story.hpackBytes));
  const ratios: Ratio[] = WAYS.map(({ ratio }, i) => ({
    name: ratio,
    value: sum(rows.map(({ bytes }) => bytes[i] ?? 0)) / hpack,
    higherIsBetter: false,
  }));
  return { results, ratios, notMeasured: [] };
}

function resultsOf(story: Story, bytes: readonly number[]): Result[] {
  const count = story.heads.length;
  const http = { httpBytesPerOp: sum(story.heads.map(http1Bytes)) / count };
  const name = `headers/story-${story.name}`;
  return [
    { system: 'hpack', case: name, ...http, wireBytesPerOp: story.hpackBytes / count },
    ...WAYS.map(({ codec, part }, i) => ({
      system: 'tp',
      case: `${name}${part}`,
      codec,
      ...http,
      wireBytesPerOp: (bytes[i] ?? 0) / count,
    })),
  ];
}

function http1Bytes(head: Story['heads'][number]): number {
  const headers = head.fields.raw;
  return head instanceof RequestHead
    ? requestHttp1({ method: head.method, path: head.path, headers, body: null }).length
    : responseHttp1({ status: head.status, headers, body: new Uint8Array(0) }).length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
