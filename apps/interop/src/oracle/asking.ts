import { content, described } from './content.ts';
import type { Asked, Plan } from './plan.ts';
import { EXCHANGE, turns } from './scripted-listener.ts';
import type { SeenRequest, Stage } from './stage.ts';

/** What client and listener saw of one exchange. */
export interface Observation {
  /** How far the client came: it failed before the head, with the body, or has all. */
  phase: 'before the head' | 'in the body' | 'whole' | 'cancelled' | 'hung';
  /** The error and its causes, outermost first. */
  error: readonly string[];
  status: number;
  reason: string;
  url: string;
  redirected: boolean;
  fields: readonly (readonly [name: string, value: string])[];
  body: string;
  requests: readonly SeenRequest[];
}

/** Longer than any exchange takes: one that is not over by then hangs. */
export const HUNG_MS = 20_000;

class BrokenOff extends Error {
  override readonly name = 'BrokenOff';
}

class Left extends Error {
  override readonly name = 'Left';
}

/** Plays the client's part of a plan, and gives what both parts saw. */
export async function ask(
  fetching: typeof fetch,
  origin: string,
  id: string,
  plan: Plan,
  stage: Stage,
): Promise<Observation> {
  const seen: Observation = {
    phase: 'hung',
    error: [],
    status: 0,
    reason: '',
    url: '',
    redirected: false,
    fields: [],
    body: '',
    requests: stage.requests,
  };
  let timer: NodeJS.Timeout | undefined;
  const hung = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      seen.phase = 'hung';
      resolve();
    }, HUNG_MS);
  });
  const over = play(fetching, origin, id, plan, stage, seen).then(() => Promise.all(stage.closed));
  await Promise.race([over, hung]);
  clearTimeout(timer);
  stage.over();
  return seen;
}

async function play(
  fetching: typeof fetch,
  origin: string,
  id: string,
  { asked, leave, answered }: Plan,
  stage: Stage,
  seen: Observation,
): Promise<void> {
  const leaving = new AbortController();
  if (leave === 'before it asks') leaving.abort(new Left());
  if (leave === 'once it has asked') {
    void stage.reached.promise.then(() => leaving.abort(new Left()));
  }
  let response: Response;
  try {
    response = await fetching(`${origin}${asked.path}`, {
      method: asked.method,
      headers: [
        ...asked.fields.map(([name, value]): [string, string] => [name, value]),
        [EXCHANGE, id],
      ],
      body: bodyOf(asked, stage, answered.reads === 'late'),
      duplex: 'half',
      redirect: asked.redirect,
      signal: leaving.signal,
    });
  } catch (error) {
    failed(seen, 'before the head', error);
    stage.over();
    return;
  }
  seen.status = response.status;
  seen.reason = response.statusText;
  seen.url = response.url;
  seen.redirected = response.redirected;
  seen.fields = [...response.headers];
  if (leave === 'at the head') leaving.abort(new Left());
  stage.headSeen.resolve();
  await read(response, leave, leaving, stage, seen);
  stage.over();
}

async function read(
  response: Response,
  leave: Plan['leave'],
  leaving: AbortController,
  stage: Stage,
  seen: Observation,
): Promise<void> {
  const pieces: Uint8Array[] = [];
  try {
    const reader = response.body?.getReader();
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done || value === undefined) break;
      pieces.push(value);
      stage.here.add(value.length);
      if (leave === 'in the body') leaving.abort(new Left());
      if (leave === 'by cancelling') {
        await reader?.cancel();
        seen.phase = 'cancelled';
        return;
      }
    }
    seen.phase = 'whole';
    seen.body = described(Buffer.concat(pieces));
  } catch (error) {
    failed(seen, 'in the body', error);
  }
}

function failed(seen: Observation, phase: Observation['phase'], error: unknown): void {
  seen.phase = phase;
  const causes: string[] = [];
  for (let cause = error; cause instanceof Error && causes.length < 5; cause = cause.cause) {
    const code = 'code' in cause ? ` ${String(cause.code)}` : '';
    causes.push(`${cause.name}: ${cause.message}${code}`);
  }
  seen.error = causes;
}

function bodyOf(
  { body }: Asked,
  stage: Stage,
  isLate: boolean,
): NonNullable<RequestInit['body']> | null {
  switch (body.kind) {
    case 'none':
      return null;
    case 'text':
      return content(body.size).toString('latin1');
    case 'bytes':
      return new Uint8Array(content(body.size));
    case 'blob':
      return new Blob([new Uint8Array(content(body.size))], { type: 'x/y' });
    case 'form': {
      const form = new FormData();
      form.append('text', 'value');
      form.append('file', new Blob([new Uint8Array(content(body.size))]), 'a "file".bin');
      return form;
    }
    case 'params':
      return new URLSearchParams({ a: 'b c', d: 'x'.repeat(body.size) });
    case 'stream':
      return ReadableStream.from(streamed(body, stage, isLate));
  }
}

async function* streamed(
  { pieces, pace, breaks }: Extract<Asked['body'], { kind: 'stream' }>,
  stage: Stage,
  isLate: boolean,
): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for (const size of pieces) {
    yield new Uint8Array(content(size));
    sent += size;
    if (pace === 'in step') await stage.there.reach(sent);
    if (pace === 'slow') await turns();
  }
  if (!breaks) return;
  await stage.there.reach(sent);
  if (isLate) await stage.headSeen.promise;
  throw new BrokenOff();
}
