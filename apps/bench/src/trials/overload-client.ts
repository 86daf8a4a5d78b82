import { createPool } from '@tp/transport';
import { Fields, isTpError, RequestHead } from '@tp/wire';
import { listen, say } from './part.ts';
import { figure, type Said } from './said.ts';

// An open loop: `overload-client.js URL`. Told to "load", it calls at a fixed rate for a time, whatever
// becomes of the calls before; told to "peak", a number of callers each await one answer before the next.
const [url = ''] = process.argv.slice(2);
const pool = createPool([url]);
const head = new RequestHead('GET', '/work', new Fields(['host', 'example.com']));
const DEADLINE_MS = 500;

await pool.ready();
listen((said) => {
  if (said.kind === 'load') void load(said);
  if (said.kind === 'peak') void peak(said);
});
say({ kind: 'ready' });

async function peak(said: Said): Promise<void> {
  const end = performance.now() + figure(said, 'ms');
  let done = 0;
  const caller = async () => {
    while (performance.now() < end) {
      await pool.call({ head, deadlineMs: DEADLINE_MS }).catch(() => {});
      done++;
    }
  };
  await Promise.all(Array.from({ length: figure(said, 'callers') }, caller));
  say({ kind: 'peak', figures: { perSecond: done / (figure(said, 'ms') / 1000) } });
}

async function load(said: Said): Promise<void> {
  const [rate, ms] = [figure(said, 'perSecond') / 1000, figure(said, 'ms')];
  const counts = new Map<string, number>();
  const refused: number[] = [];
  const answered: number[] = [];
  let pending = 0;
  let made = 0;
  const call = (due: number) => {
    pending++;
    pool.call({ head, deadlineMs: DEADLINE_MS }, checked).then(
      () => {
        pending--;
        answered.push(performance.now() - due);
      },
      (error: unknown) => {
        pending--;
        const why = isTpError(error) ? `${error.code} ${error.processed}` : String(error);
        counts.set(why, (counts.get(why) ?? 0) + 1);
        if (isTpError(error) && error.processed === 'no') refused.push(performance.now() - due);
      },
    );
  };
  const startedAt = performance.now();
  await new Promise<void>((resolve) => {
    const turn = () => {
      const now = performance.now();
      const due = Math.min(ms, now - startedAt) * rate;
      while (made < due) {
        made++;
        call(performance.now());
      }
      if (now - startedAt >= ms) resolve();
      else setImmediate(turn);
    };
    turn();
  });
  const lastedMs = performance.now() - startedAt;
  while (pending > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  say({ kind: 'refused', samples: thinned(refused) });
  say({ kind: 'answered', samples: thinned(answered) });
  const figures = {
    made: made / (lastedMs / 1000),
    answered: answered.length / (lastedMs / 1000),
    refused: refused.length / (lastedMs / 1000),
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
