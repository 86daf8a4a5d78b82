import type { LinkLimits } from '@tp/http';
import { type Codec, deflate, zstd } from '@tp/transport';
import type { Route } from '../network/route.ts';
import type { Random } from '../world/random.ts';

/** What a history is played in: how many take part, with which options, over what network. */
export interface Scene {
  /**
   * Nothing is done to it that a call may fail for: then every call must succeed. Else anything may
   * be done, and what fails must say so truthfully.
   */
  readonly gentle: boolean;
  /** Whether limits are small, so that calls may be refused for them. */
  readonly tight: boolean;
  readonly servers: number;
  readonly clients: number;
  readonly calls: number;
  /** Calls are made and faults happen within this, in ms. */
  readonly spanMs: number;
  readonly mostBytes: number;
  /** What clients say to servers that ask for it. */
  readonly token: string | undefined;
  /** What the virtual clock shows at the start, in ms. */
  readonly startsAt: number;
}

/** What either side is told. */
interface Options {
  readonly codecs: ('none' | Codec)[];
  readonly limits: Partial<LinkLimits>;
  readonly maxBatchDelayMs: number;
  readonly maxBatchBytes: number;
}

export function drawScene(random: Random): Scene {
  const gentle = random.chance(0.3);
  return {
    gentle,
    tight: !gentle && random.chance(0.4),
    servers: random.whole(1, 3),
    clients: random.whole(1, 3),
    calls: random.whole(15, 60),
    spanMs: random.scale(1_000, 12_000),
    mostBytes: random.chance(0.5) ? 20_000 : 300_000,
    token: random.chance(0.2) ? 'the token' : undefined,
    startsAt: random.pick([0, 1, 1_000_000, random.unit() * 1e9]),
  };
}

/** Options of one side. */
export function drawOptions(random: Random, scene: Scene): Options {
  const delay = random.chance(0.7) ? 0 : random.scale(0.1, 10);
  return {
    codecs: drawCodecs(random),
    maxBatchDelayMs: delay,
    maxBatchBytes: random.chance(0.7) ? 256 * 1024 : Math.round(random.scale(1, 100_000)),
    limits: {
      ...drawTimes(random, scene),
      ...drawSome(random, windowBounds(scene)),
      ...drawSome(random, LIFE),
      ...(scene.gentle ? {} : drawSome(random, RETRIES)),
      ...(scene.tight ? drawSome(random, TIGHT) : {}),
    },
  };
}

function drawCodecs(random: Random): ('none' | Codec)[] {
  const small = (codec: Codec, least: number): Codec => ({
    ...codec,
    windowLog: random.chance(0.8) ? random.whole(least, least + 3) : codec.windowLog,
  });
  const deflates = small(deflate, 9);
  const zstds = small(zstd, 10);
  return random.pick<('none' | Codec)[]>([
    ['none'],
    ['none'],
    [deflates],
    [zstds],
    [zstds, deflates],
  ]);
}

function drawTimes(random: Random, { gentle }: Scene): Partial<LinkLimits> {
  if (gentle)
    return {
      requestTimeoutMs: 300_000,
      drainTimeoutMs: 300_000,
      stallTimeoutMs: 300_000,
      // A ping also wakes what has fallen asleep: seldom, or it would hide that.
      ...(random.chance(0.2) ? { keepaliveMs: random.scale(500, 20_000) } : {}),
      keepaliveTimeoutMs: 15_000,
      pingMinIntervalMs: 0,
    };
  return {
    handshakeTimeoutMs: random.scale(1_000, 5_000),
    requestTimeoutMs: random.scale(500, 30_000),
    drainTimeoutMs: random.scale(1_000, 30_000),
    keepaliveMs: random.scale(500, 20_000),
    keepaliveTimeoutMs: random.scale(1_000, 5_000),
    stallTimeoutMs: random.scale(2_000, 15_000),
    pingMinIntervalMs: 0,
  };
}

/** A limit and between what it is drawn. */
type Bounds = readonly [name: keyof LinkLimits, least: number, most: number];

/** What only makes bodies slower when it is small: the longest takes a hundred turns at most. */
function windowBounds({ mostBytes }: Scene): Bounds[] {
  const least = mostBytes / 100;
  return [
    ['linkWindow', 2 * least, 60_000],
    ['streamWindow', least, 20_000],
    ['streamBuffer', 1, 20_000],
    ['windows', 1, 4],
    ['queueDelayMs', 1, 100],
  ];
}

/** What links and their memory live for. */
const LIFE: readonly Bounds[] = [
  ['windowIdleMs', 20, 3_000],
  ['idleTimeoutMs', 100, 20_000],
];

/** How often a call is sent again by itself. */
const RETRIES: readonly Bounds[] = [
  ['maxAttempts', 1, 6],
  ['retryPercent', 0.1, 100],
  ['retryRate', 0.1, 100],
];

/** What calls fail for. */
const TIGHT: readonly Bounds[] = [
  ['streams', 1, 8],
  ['maxPendingRequests', 1, 8],
  ['maxPendingBytes', 30_000, 100_000],
  // Every client must have its turn when all is well.
  ['maxRunningHandlers', 4, 10],
  ['maxRunningBytes', 30_000, 100_000],
  ['tableBytes', 400, 4_000],
  ['maxBodyBytes', 40_000, 200_000],
  ['maxBufferedBodyBytes', 40_000, 200_000],
  ['maxQueuedControl', 2, 20],
  ['cancelBurst', 1, 20],
  ['linkBuffer', 1, 100_000],
];

/** A few of those limits. */
function drawSome(random: Random, all: readonly Bounds[]): Partial<LinkLimits> {
  const limits: Partial<Record<keyof LinkLimits, number>> = {};
  for (const [name, least, most] of all) {
    if (random.chance(0.3)) limits[name] = Math.round(random.scale(least, most));
  }
  return limits;
}

/** What a client alone is told. */
interface PoolChoice {
  readonly links: number;
  readonly shed: 'newest' | 'oldest';
  readonly failureStatuses: readonly number[];
  readonly resolveIntervalMs: number;
  readonly hedgeAfterMs?: number;
  readonly maxLinkAgeMs?: number;
}

export function drawPool(random: Random): PoolChoice {
  return {
    links: random.whole(1, 2),
    shed: random.pick(['newest', 'oldest']),
    failureStatuses: random.chance(0.2) ? [503] : [],
    resolveIntervalMs: random.scale(100, 10_000),
    ...(random.chance(0.3) ? { hedgeAfterMs: random.scale(5, 1_000) } : {}),
    ...(random.chance(0.2) ? { maxLinkAgeMs: random.scale(300, 10_000) } : {}),
  };
}

/** How the way of a new connection behaves, in one direction. */
export function drawRoute(random: Random): Route {
  return {
    latencyMs: random.chance(0.2) ? 0 : random.scale(0.02, 60),
    jitterMs: random.chance(0.5) ? 0 : random.scale(0.1, 30),
    bytesPerMs: random.scale(500, 1e6),
    mostInOneRead: random.chance(0.6) ? 65_536 : Math.round(random.scale(20, 65_536)),
    kernelBytes: Math.round(random.scale(200, 65_536)),
  };
}
