import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { findBrowser } from './tools.ts';

/** What a browser made of a page. */
export interface PageVisit {
  /** What the page's promise `done` resolved with. */
  readonly result: unknown;
  /** Errors and warnings of its console, exceptions, and requests that failed. */
  readonly complaints: readonly string[];
  /** Versions of HTTP that its responses came in, each once. */
  readonly protocols: readonly string[];
}

/** A message of the DevTools protocol, as far as it is read here. */
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
}

const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-quic'],
  ...['--ignore-certificate-errors', '--remote-debugging-port=0', 'about:blank'],
];

/**
 * Opens a page in a Chromium of its own, waits for its global promise `done`, and closes it.
 *
 * @throws {Error} when that promise is rejected.
 */
export async function visit(url: string): Promise<PageVisit> {
  const tools = await connect(await startBrowser());
  const complaints: string[] = [];
  const protocols = new Set<string>();
  tools.onEvent(({ method, params = {} }) => {
    if (method === 'Network.responseReceived') protocols.add(protocolOf(params));
    else if (isComplaint(method, params)) complaints.push(JSON.stringify({ method, params }));
  });
  for (const domain of ['Runtime', 'Log', 'Network', 'Page']) await tools.ask(`${domain}.enable`);
  const loaded = tools.event('Page.loadEventFired');
  await tools.ask('Page.navigate', { url });
  await loaded;
  const { result, exceptionDetails } = await tools.ask('Runtime.evaluate', {
    expression: 'done.then(JSON.stringify)',
    awaitPromise: true,
  });
  if (exceptionDetails !== undefined)
    throw new Error(JSON.stringify({ exceptionDetails, complaints }));
  const value = isRecord(result) && typeof result.value === 'string' ? result.value : 'null';
  return { result: JSON.parse(value), complaints, protocols: [...protocols] };
}

/** Starts it, and resolves with where its tools listen. */
async function startBrowser(): Promise<string> {
  const profile = mkdtempSync(join(tmpdir(), 'tp-browser-'));
  const child = spawn(findBrowser() ?? 'chromium', [`--user-data-dir=${profile}`, ...FLAGS], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await exited;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  for await (const line of createInterface(child.stderr)) {
    const address = /^DevTools listening on ws:\/\/([^/]+)\//.exec(line)?.[1];
    if (address !== undefined) {
      child.stderr.resume();
      return `http://${address}`;
    }
  }
  throw new Error('the browser ended before it listened');
}

interface Tools {
  ask(method: string, params?: object): Promise<Readonly<Record<string, unknown>>>;
  event(method: string): Promise<void>;
  onEvent(listener: (message: Message) => void): void;
}

/** Connects to the tools of its first page. */
async function connect(browser: string): Promise<Tools> {
  const pages: { type: string; webSocketDebuggerUrl: string }[] = JSON.parse(
    await (await fetch(`${browser}/json`)).text(),
  );
  const socket = new WebSocket(
    pages.find(({ type }) => type === 'page')?.webSocketDebuggerUrl ?? '',
  );
  await once(socket, 'open');
  onTestFinished(() => socket.close());
  const listeners: ((message: Message) => void)[] = [];
  let asked = 0;
  socket.addEventListener('message', ({ data }) => {
    const message: Message = JSON.parse(String(data));
    for (const listener of listeners) listener(message);
  });
  const received = (isIt: (message: Message) => boolean): Promise<Message> =>
    new Promise((resolve) => {
      listeners.push((message) => {
        if (isIt(message)) resolve(message);
      });
    });
  return {
    ask: async (method, params = {}) => {
      const own = ++asked;
      const answer = received(({ id }) => id === own);
      socket.send(JSON.stringify({ id: own, method, params }));
      return (await answer).result ?? {};
    },
    event: async (method) => void (await received((message) => message.method === method)),
    onEvent: (listener) => void listeners.push(listener),
  };
}

function isComplaint(method: string | undefined, params: Message['params'] = {}): boolean {
  switch (method) {
    case 'Runtime.exceptionThrown':
    case 'Network.webSocketFrameError':
      return true;
    case 'Network.loadingFailed':
      // A source of events is cancelled when the page has had enough of it.
      return params.canceled !== true || params.type !== 'EventSource';
    case 'Runtime.consoleAPICalled':
      return params.type === 'error' || params.type === 'warning';
    case 'Log.entryAdded':
      return isRecord(params.entry) && params.entry.level !== 'info';
    default:
      return false;
  }
}

function protocolOf({ response }: Readonly<Record<string, unknown>>): string {
  return isRecord(response) ? String(response.protocol) : 'none';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
