import { type Case, type Codec, SHAPES } from '../measure/case.ts';
import type { Effort } from '../measure/interleaved.ts';

/** Cases that are measured against each other, turn by turn. */
export interface CaseGroup {
  readonly title: string;
  /** What tp does. */
  readonly ours: readonly Case[];
  /** What httpteleport does. */
  readonly theirs: readonly Case[];
  /** Whether the bare framed echo runs along. */
  readonly floor: boolean;
  /** Whether httpteleport over in-memory pipes runs along. */
  readonly memory: boolean;
  /** Default: the suite's. */
  readonly effort?: Effort;
}

const DEFAULT_PACKING: readonly Codec[] = ['zstd'];
const OUR_PACKING: readonly Codec[] = ['zstd', 'deflate'];
const THEIR_PACKING: readonly Codec[] = ['flate', 'snappy'];
const PLAIN: readonly Codec[] = ['none'];
/** httpteleport is measured without a delay and with the one that it publishes; the faster counts. */
const THEIR_DELAYS_MS = [0, 1];

/** Enough where what is compared is far apart. */
const SHORT: Effort = { rounds: 4, seconds: 0.1, warmupSeconds: 1.6 };

/** The groups of the suite; `quick` keeps those that the ratios need, and one and a hundred callers besides. */
export function e2eCases(quick: boolean): CaseGroup[] {
  const fewer = quick
    ? [1, 100].map((callers) => ({ ...getGroup(callers), effort: SHORT }))
    : [1, 10, 100].map(getGroup);
  const packed = ['get', 'rtb'] as const;
  const quickGroups = [
    ...fewer,
    { ...getGroup(1000), theirs: cases('get', PLAIN, THEIR_DELAYS_MS), floor: true, memory: true },
    ...packed.map((traffic) => packedGroup(traffic, false, quick ? DEFAULT_PACKING : OUR_PACKING)),
    shapesGroup(quick),
  ];
  if (quick) return quickGroups;
  return [
    ...quickGroups,
    getGroup(10_000),
    ...[1, 2, 4, 8, 16].map(delayGroup),
    packedGroup('rest', false),
    {
      title: 'get/none/1000/tls',
      ours: cases('get', PLAIN, [0], true),
      theirs: cases('get', PLAIN, THEIR_DELAYS_MS, true),
      floor: false,
      memory: false,
    },
    packedGroup('get', true),
    packedGroup('rtb', true),
  ];
}

function getGroup(callers: number): CaseGroup {
  const one = makeCase({ traffic: 'get', codec: 'none', tls: false, callers, delayMs: 0 });
  return { title: one.name, ours: [one], theirs: [one], floor: true, memory: false };
}

/** What each shape costs over the lean one. */
function shapesGroup(quick: boolean): CaseGroup {
  const get = { traffic: 'get', codec: 'none', tls: false, callers: 100, delayMs: 0 } as const;
  return {
    title: 'shapes',
    ours: SHAPES.map((shape) => ({ ...get, name: `shapes/${shape}`, shape })),
    theirs: [],
    floor: false,
    memory: false,
    ...(quick ? { effort: SHORT } : {}),
  };
}

function delayGroup(delayMs: number): CaseGroup {
  const delayed = cases('get', PLAIN, [delayMs]);
  return {
    title: `get/none/1000/delay-${delayMs}ms`,
    ours: delayed,
    theirs: delayed,
    floor: false,
    memory: false,
  };
}

function packedGroup(
  traffic: Case['traffic'],
  tls: boolean,
  packing: readonly Codec[] = OUR_PACKING,
): CaseGroup {
  return {
    title: `${traffic}/compressed/1000${tls ? '/tls' : ''}`,
    ours: cases(traffic, packing, [0], tls),
    theirs: cases(traffic, THEIR_PACKING, THEIR_DELAYS_MS, tls),
    floor: false,
    memory: false,
  };
}

function cases(
  traffic: Case['traffic'],
  codecs: readonly Codec[],
  delaysMs: readonly number[],
  tls = false,
): Case[] {
  return codecs.flatMap((codec) =>
    delaysMs.map((delayMs) => makeCase({ traffic, codec, tls, callers: 1000, delayMs })),
  );
}

function makeCase(parts: Omit<Case, 'name'>): Case {
  const packing = parts.codec === 'none' ? 'none' : 'compressed';
  const tls = parts.tls ? '/tls' : '';
  const delay = parts.delayMs > 0 ? `/delay-${parts.delayMs}ms` : '';
  return { name: `${parts.traffic}/${packing}/${parts.callers}${tls}${delay}`, ...parts };
}
