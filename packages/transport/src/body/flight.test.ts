import { MAX_DATA } from '@tp/wire';
import { expect, test } from 'vitest';
import { createTransportServer } from '../server.ts';
import { Source } from '../test/content.ts';
import { drain, OK, pool, post } from '../test/ends.ts';
import { shapedPair, Wire } from '../test/shaped-connection.ts';
import { VirtualClock } from '../test/virtual-clock.ts';

const QUEUE_DELAY_MS = 10;
const ENDLESS = 2 ** 40;
const limits = { maxBodyBytes: ENDLESS, requestTimeoutMs: 1e9 };

/** What happened on the wire while it was watched. */
interface Seen {
  /** How long a byte would have had to wait for its turn, in ms: of two hundred looks, the fourth worst. */
  readonly queuedMs: number;
  /** The share of what the wire can carry that it carried. */
  readonly used: number;
}

interface Uploads {
  readonly megabits: number;
  readonly roundTripMs: number;
  readonly streams: number;
  /** What somebody else takes of the wire, half of the time. */
  readonly others?: number;
}

/** Uploads without end over a wire, on a clock of their own; watched once they have gone on for a while. */
async function uploads({ megabits, roundTripMs, streams, others = 0 }: Uploads): Promise<Seen> {
  const clock = new VirtualClock();
  const rate = megabits * 125;
  const up = new Wire(clock, rate, roundTripMs / 2);
  const [near, far] = shapedPair(up, new Wire(clock, rate, roundTripMs / 2));
  const server = createTransportServer(
    (exchange) => {
      drain(exchange.body).then(
        () => exchange.respond(OK, undefined, undefined),
        () => {},
      );
    },
    { clock, limits },
  );
  server.accept(far);
  const client = pool('teleports://wire:1', {
    clock,
    dial: async () => near,
    codecs: ['none'],
    limits,
  });
  await clock.run(3 * roundTripMs + 1);
  for (let i = 0; i < streams; i++) {
    client.call(post('/', [], { stream: { source: new Source(ENDLESS) } })).catch(() => {});
  }
  const watchedMs = Math.max(megabits > 1000 ? 60 : 400, 20 * roundTripMs);
  await clock.run(Math.max(2 * watchedMs, 40 * roundTripMs));
  const queued: number[] = [];
  const carriedBefore = up.carried;
  let taken = 0;
  for (let look = 0; look < 200; look++) {
    if (Math.floor(look / 50) % 2 === 1) {
      up.occupy((others * rate * watchedMs) / 200);
      taken += (others * rate * watchedMs) / 200;
    }
    await clock.run(watchedMs / 200);
    queued.push(up.queuedMs);
  }
  const used = (up.carried - carriedBefore + taken) / (rate * watchedMs);
  near.destroy();
  queued.sort((one, two) => two - one);
  return { queuedMs: queued[3] ?? 0, used };
}

const networks = [10, 100, 1_000, 10_000].flatMap((megabits) =>
  [0.1, 1, 10, 100].flatMap((roundTripMs) =>
    [1, 8].map((streams) => ({ megabits, roundTripMs, streams })),
  ),
);
/** What the windows don't bound. */
const filled = networks.filter(({ megabits, roundTripMs }) => megabits * roundTripMs <= 10_000);

test.each(filled)(
  'at $megabits Mbit/s and $roundTripMs ms, $streams bodies queue for about queueDelayMs and fill the wire',
  async (network) => {
    const { queuedMs, used } = await uploads(network);
    // A slice of each body, and the few of a batch, may always go.
    const slicesMs = ((network.streams + 3) * MAX_DATA) / (network.megabits * 125);
    expect(queuedMs).toBeLessThan(QUEUE_DELAY_MS * 1.2 + slicesMs);
    expect(used).toBeGreaterThan(0.9);
  },
);

test.each([0.1, 1, 10])(
  'somebody else who comes and goes, at %d ms, lengthens the queue for some round trips only',
  async (roundTripMs) => {
    const { queuedMs, used } = await uploads({
      megabits: 100,
      roundTripMs,
      streams: 1,
      others: 0.5,
    });
    expect(queuedMs).toBeLessThan(2 * QUEUE_DELAY_MS + 2 * roundTripMs);
    expect(used).toBeGreaterThan(0.9);
  },
);
