import { createPool, type Pool } from '@tp/transport';
import { isTpError, RequestHead } from '@tp/wire';
import { listen, say } from './part.ts';
import { machineNow } from './said.ts';

// A client whose server vanishes: `vanish-client.js`. Told to "open" a URL, it opens two links: over
// the one calls go all the time, over the other nothing, but for calls that wait for their answer on
// both. It says of each such call when it ended and how.
const WAITING_CALLS = 10;
const BUSY_PAUSE_MS = 20;
const DEADLINE_MS = 300_000;

listen(({ kind, text = '' }) => {
  if (kind === 'open') void open(text);
});
say({ kind: 'started' });

async function open(url: string): Promise<void> {
  const options = { insecure: true };
  const [quiet, busy] = [createPool([url], options), createPool([url], options)];
  await Promise.all([quiet.ready(), busy.ready()]);
  for (let i = 0; i < WAITING_CALLS; i++) {
    void wait('quiet', quiet);
    void wait('busy', busy);
  }
  setInterval(() => {
    busy.call({ head: new RequestHead('GET', '/now') }).catch(() => {});
  }, BUSY_PAUSE_MS);
  say({ kind: 'opened', figures: { calls: WAITING_CALLS } });
}

async function wait(which: string, pool: Pool): Promise<void> {
  try {
    const head = new RequestHead('POST', `/later/${DEADLINE_MS}`);
    await pool.call({ head, deadlineMs: DEADLINE_MS });
    end(which, 'an answer');
  } catch (error) {
    end(which, isTpError(error) ? `${error.code} ${error.processed}` : String(error));
  }
}

function end(which: string, how: string): void {
  say({ kind: `${which} ended`, text: how, figures: { at: machineNow() } });
}
