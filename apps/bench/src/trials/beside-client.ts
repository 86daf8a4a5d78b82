import { createPool, type Pool } from '@tp/transport';
import { Fields, RequestHead } from '@tp/wire';
import { noise } from './noise.ts';
import { listen, say } from './part.ts';
import { pause } from './pause.ts';
import { figure, type Said } from './said.ts';

// A client with small calls beside a large body: `beside-client.js`. Told to "open" a URL, and then to
// measure "alone" for some ms, or beside an "upload" or "download" of some bytes until that has ended
// or some ms have passed. Calls start at fixed times, whatever becomes of those before.
const CALL_BYTES = 1024;
const CALL_EVERY_MS = 5;
/** The body is under way by then, its window grown and buffers full. */
const SETTLE_MS = 1_000;

const body = Buffer.alloc(CALL_BYTES, 'small call ');
const fields = new Fields(['content-type', 'text/plain']);
const echo = new RequestHead('POST', '/echo', fields);
let pool: Pool;

listen((said) => {
  if (said.kind === 'open') void open(said.text ?? '');
  else if (said.kind === 'alone') void alone(figure(said, 'ms'));
  else void beside(said);
});
say({ kind: 'started' });

async function open(url: string): Promise<void> {
  pool = createPool([url], { insecure: true, limits: { maxBodyBytes: 2 ** 31 } });
  await pool.ready();
  say({ kind: 'opened' });
}

async function alone(ms: number): Promise<void> {
  const end = performance.now() + ms;
  say({ kind: 'latencies', samples: await latencies(() => performance.now() >= end) });
}

async function beside(said: Said): Promise<void> {
  const bytes = figure(said, 'bytes');
  const startedAt = performance.now();
  const stop = new AbortController();
  let isOver = false;
  const moving = transfer(said.kind, bytes, stop.signal).then((moved) => {
    isOver = true;
    return moved;
  });
  await pause(SETTLE_MS);
  const end = performance.now() + figure(said, 'ms');
  const samples = await latencies(() => isOver || performance.now() >= end);
  stop.abort();
  const moved = await moving;
  const bytesPerSecond = (moved / (performance.now() - startedAt)) * 1000;
  say({ kind: 'latencies', samples, figures: { moved, bytesPerSecond } });
}

/** Moves the body, and gives what was moved until its end or until it was stopped. */
async function transfer(kind: string, bytes: number, signal: AbortSignal): Promise<number> {
  let moved = 0;
  const counted = async function* () {
    for await (const piece of noise(bytes)) {
      yield piece;
      moved += piece.length;
    }
  };
  const deadlineMs = 600_000;
  try {
    if (kind === 'upload') {
      const head = new RequestHead('POST', '/upload', fields);
      const call = await pool.call({ head, stream: { source: counted() }, signal, deadlineMs });
      if ((await call.text()) !== `${bytes}`) throw new Error('the upload did not come whole');
    } else {
      const head = new RequestHead('GET', `/download/${bytes}`);
      const call = await pool.call({ head, signal, deadlineMs });
      for await (const piece of call.body) moved += piece.length;
      if (moved !== bytes) throw new Error('the download did not come whole');
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return moved;
}

async function latencies(isOver: () => boolean): Promise<number[]> {
  const samples: number[] = [];
  const calls: Promise<void>[] = [];
  for (let due = performance.now(); !isOver(); due += CALL_EVERY_MS) {
    const late = due - performance.now();
    if (late > 0) await pause(late);
    calls.push(smallCall().then(() => void samples.push(performance.now() - due)));
  }
  await Promise.all(calls);
  return samples;
}

async function smallCall(): Promise<void> {
  const call = await pool.call({ head: echo, body });
  if ((await call.bytes()).length !== CALL_BYTES) throw new Error('another answer');
}
