import { createPool } from '@tp/transport';
import { RequestHead } from '@tp/wire';
import { memory } from './memory.ts';
import { listen, say } from './part.ts';
import { figure, type Said } from './said.ts';

// A client whose readers stop: `readers-client.js URL LINKS LINK_WINDOW`. Told to "read", it asks for
// so many bodies, reads the first piece of each and then no more; told to "call", it makes a small call
// on each link; told to "leave", it gives all bodies up.
const [url = '', links = '1', linkWindow = '0'] = process.argv.slice(2);
const pool = createPool([url], {
  links: Number(links),
  limits: { linkWindow: Number(linkWindow), maxBodyBytes: 2 ** 31 },
});
const leaving = new AbortController();
const deadlineMs = 300_000;
/** Held, as a reader that has stopped holds on to its body. */
const readers: AsyncIterator<Uint8Array>[] = [];

listen((said) => {
  if (said.kind === 'read') void read(said);
  if (said.kind === 'call') void call();
  if (said.kind === 'memory') memory();
  if (said.kind === 'leave') {
    leaving.abort();
    say({ kind: 'left', figures: { pending: pool.pending } });
  }
});
await pool.ready();
await warmUp();
say({ kind: 'ready' });

/** Whatever is made at first use is made now. */
async function warmUp(): Promise<void> {
  for (let i = 0; i < 2 * Number(links); i++) {
    const body = await pool.call({ head: new RequestHead('GET', `/download/${2 ** 23}`) });
    for await (const _ of body.body);
  }
}

async function read(said: Said): Promise<void> {
  const head = new RequestHead('GET', `/download/${figure(said, 'bytes')}`);
  const { signal } = leaving;
  await Promise.all(
    Array.from({ length: figure(said, 'readers') }, async () => {
      const call = await pool.call({ head, signal, deadlineMs });
      const reader = call.body[Symbol.asyncIterator]();
      await reader.next();
      readers.push(reader);
    }),
  );
  say({ kind: 'stopped', figures: { readers: readers.length } });
}

async function call(): Promise<void> {
  const head = new RequestHead('GET', '/now');
  const calls = Array.from({ length: Number(links) }, async () => {
    const startedAt = performance.now();
    await (await pool.call({ head })).bytes();
    return performance.now() - startedAt;
  });
  say({ kind: 'called', samples: await Promise.all(calls) });
}
