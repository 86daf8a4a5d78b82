import { createPool } from '@tp/transport';
import { Fields, isTpError, RequestHead } from '@tp/wire';
import { listen, say } from './part.ts';
import { figure, type Said } from './said.ts';

// An open loop: `overload-client.js URL`. Told to "load", it makes each call when that is due, whatever
// becomes of the calls before, and takes its time from when it was due; told to "peak", a number of
// callers each await one answer before the next.
const [url = ''] = process.argv.slice(2);
const pool = createPool([url]);
const head = new RequestHead('GET', '/work', new Fields(['host', 'example.com']));
const DEADLINE_MS = 500;
/** Calls that are due are made so often, in ms, as each time costs this process a write. */
const TICK_MS = 0.5;
/** What is due in the first so many ms of a load is not counted: queues fill, and code is compiled. */
const SETTLE_MS = 500;

await pool.ready();
listen((said) => {
  if (said.kind === 'load') void load(said);
  if (said.kind === 'peak') void peak(said);
});
say({ kind: 'ready' });

async function peak(said: Said): Promise<void> {
  const start = performance.now();
  const end = start + figure(said, 'ms');
  let done = 0;
  const caller = async () => {
    while (performance.now() < end) {
      await pool.call({ head, deadlineMs: DEADLINE_MS }, checked).then(
        () => done++,
        () => {},
      );
    }
  };
  await Promise.all(Array.from({ length: figure(said, 'callers') }, caller));
  say({ kind: 'peak', figures: { perSecond: (done / (performance.now() - start)) * 1000 } });
}

async function load(said: Said): Promise<void> {
  const [rate, ms] = [figure(said, 'perSecond') / 1000, figure(said, 'ms') + SETTLE_MS];
  const counts = new Map<string, number>();
  const refused: number[] = [];
  const answered: number[] = [];
  const late: number[] = [];
  let pending = 0;
  let made = 0;
  const startedAt = performance.now();
  const countedFrom = startedAt + SETTLE_MS;
  const call = (dueAt: number) => {
    pending++;
    pool.call({ head, deadlineMs: DEADLINE_MS }, checked).then(
      () => {
        pending--;
        if (dueAt >= countedFrom) answered.push(performance.now() - dueAt);
      },
      (error: unknown) => {
        pending--;
        if (dueAt < countedFrom) return;
        const why = isTpError(error) ? `${error.code} ${error.processed}` : String(error);
        counts.set(why, (counts.get(why) ?? 0) + 1);
        if (isTpError(error) && error.processed === 'no') refused.push(performance.now() - dueAt);
      },
    );
  };
  await new Promise<void>((resolve) => {
    let tickedAt = startedAt;
    const turn = () => {
      const now = performance.now();
      if (now - tickedAt >= TICK_MS) {
        tickedAt = now;
        const due = Math.min(ms, now - startedAt) * rate;
        if (now >= countedFrom) late.push(Math.max(0, now - startedAt - made / rate - TICK_MS));
        while (made < due) call(startedAt + made++ / rate);
      }
      if (now - startedAt >= ms) resolve();
      else setImmediate(turn);
    };
    turn();
  });
  const seconds = (performance.now() - countedFrom) / 1000;
  while (pending > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  say({ kind: 'refused', samples: thinned(refused) });
  say({ kind: 'answered', samples: thinned(answered) });
  say({ kind: 'late', samples: thinned(late) });
  const figures = {
    made: (made - SETTLE_MS * rate) / seconds,
    answered: answered.length / seconds,
    refused: refused.length / seconds,
  };
  say({ kind: 'loaded', figures, counts: [...counts] });
}

function checked(call: { readonly status: number }): void {
  if (call.status !== 200) throw new Error(`status ${call.status}`);
}

/** Every so many of them: a channel between processes is no place for millions. */
function thinned(samples: readonly number[]): number[] {
  const every = Math.ceil(samples.length / 100_000);
  return samples.filter((_, i) => i % every === 0);
}
