import type { OutgoingStream, ServerExchange } from '@tp/transport';
import { Fields, isTpError, MAX_INLINE_BODY, ResponseHead, TpError } from '@tp/wire';
import { Held } from './held.ts';

const PIECE = 16_384;
const NOTHING = new Uint8Array(0);

/** What a path does. `rest` is what stands behind its name. */
type Answer = (exchange: ServerExchange, rest: string) => void | Promise<void>;

/** The service of docs/implementing.md, over the transport alone. */
export class Service {
  readonly #held = new Held();
  readonly #hits = new Map<string, number>();
  readonly #paths: ReadonlyMap<string, Answer> = new Map<string, Answer>([
    ['', (exchange) => say(exchange, 'ok')],
    ['echo', echo],
    ['method', (exchange) => say(exchange, exchange.method)],
    ['bytes', (exchange, n) => stream(exchange, Number(n), counted(Number(n)), true)],
    ['repeat', (exchange, n) => stream(exchange, Number(n), repeated(Number(n)), false)],
    ['sink', sink],
    ['early', (exchange) => say(exchange, 'early')],
    ['status', status],
    ['fields', fields],
    ['info', info],
    ['trailers', trailers],
    ['hold', (exchange, name) => this.#hold(exchange, name)],
    ['release', (exchange, name) => say(exchange, String(this.#held.release(name)))],
    ['held', (exchange, name) => say(exchange, String(this.#held.count(name)))],
    ['hit', (exchange, name) => this.#hit(exchange, name)],
    ['hits', (exchange, name) => say(exchange, String(this.#hits.get(name) ?? 0))],
    ['fail', fail],
    ['fail-body', failBody],
    ['remaining', remaining],
    ['leave', leave],
    ['switch', switchProtocol],
  ]);

  /** Answers one request. */
  handle(exchange: ServerExchange): void {
    if (exchange.path.startsWith('/target')) {
      say(exchange, exchange.path);
      return;
    }
    const [, name = '', rest = ''] = /^\/([a-z-]*)\/?(.*)$/s.exec(exchange.path) ?? [];
    const answer = this.#paths.get(name);
    if (answer === undefined) {
      exchange.respond(new ResponseHead(404), undefined, undefined);
      return;
    }
    answered(answer, exchange, rest).catch((error: unknown) => exchange.refuse(asFault(error)));
  }

  #hold(exchange: ServerExchange, name: string): void {
    const gone = () => exchange.refuse(new TpError({ code: 'CANCEL', message: 'let go' }));
    this.#held.hold(name, exchange.signal, () => say(exchange, 'held'), gone);
  }

  #hit(exchange: ServerExchange, name: string): void {
    this.#hits.set(name, (this.#hits.get(name) ?? 0) + 1);
    say(exchange, 'ok');
  }
}

async function answered(answer: Answer, exchange: ServerExchange, rest: string): Promise<void> {
  await answer(exchange, rest);
}

function say(exchange: ServerExchange, body: string): void {
  exchange.respond(new ResponseHead(200), Buffer.from(body, 'latin1'), undefined);
}

async function echo(exchange: ServerExchange): Promise<void> {
  const body = await exchange.bytes();
  const raw: string[] = [];
  for (const [name, value] of exchange.headers) {
    if (name.toLowerCase() === 'x-set-cookie') raw.push('set-cookie', value);
    else if (name.toLowerCase().startsWith('x-echo-')) raw.push(name, value);
  }
  const trailing = [...(exchange.trailers ?? [])].filter(([name]) =>
    name.toLowerCase().startsWith('x-echo-'),
  );
  const head = new ResponseHead(200, new Fields(raw));
  if (trailing.length === 0 && body.length <= MAX_INLINE_BODY) {
    exchange.respond(head, body, undefined);
    return;
  }
  const after = new Fields(trailing.flat());
  exchange.respond(head, undefined, { source: pieces(body), trailers: () => after });
}

function stream(
  exchange: ServerExchange,
  length: number,
  source: AsyncIterable<Uint8Array>,
  declared: boolean,
): void {
  const raw = declared ? ['content-length', String(length)] : [];
  const head = new ResponseHead(200, new Fields(raw));
  if (length === 0) exchange.respond(head, NOTHING, undefined);
  else exchange.respond(head, undefined, { source });
}

async function sink(exchange: ServerExchange): Promise<void> {
  let length = 0;
  for await (const piece of exchange.body) length += piece.length;
  say(exchange, String(length));
}

function status(exchange: ServerExchange, rest: string): void {
  const [code = '', reason = ''] = rest.split('?reason=');
  const head = new ResponseHead(Number(code), Fields.empty, decodeURIComponent(reason));
  exchange.respond(head, undefined, undefined);
}

function fields(exchange: ServerExchange, count: string): void {
  const raw: string[] = [];
  for (let i = 0; i < Number(count); i++) raw.push(`x-field-${i}`, String(i));
  exchange.respond(new ResponseHead(200, new Fields(raw)), undefined, undefined);
}

function info(exchange: ServerExchange): void {
  exchange.inform(103, ['link', '</a>; rel=preload']);
  say(exchange, 'ok');
}

function trailers(exchange: ServerExchange): void {
  const after = new Fields(['x-sum', '3', 'x-end', 'yes']);
  const body: OutgoingStream = { source: pieces(Buffer.from('abc')), trailers: () => after };
  exchange.respond(new ResponseHead(200), undefined, body);
}

function fail(): never {
  throw new Error('this handler always fails');
}

function failBody(exchange: ServerExchange): void {
  exchange.respond(new ResponseHead(200), undefined, { source: tenThenFailure() });
}

function remaining(exchange: ServerExchange): void {
  const left = exchange.remainingMs;
  say(exchange, left === undefined ? 'none' : String(Math.floor(left)));
}

function leave(exchange: ServerExchange): void {
  say(exchange, 'leaving');
  exchange.link.close();
}

function switchProtocol(exchange: ServerExchange): void {
  const head = new ResponseHead(101, new Fields(['connection', 'upgrade', 'upgrade', 'kit']));
  exchange.respond(head, undefined, { source: exchange.body });
}

function asFault(error: unknown): TpError {
  if (isTpError(error)) return error;
  return new TpError({
    code: 'INTERNAL',
    message: error instanceof Error ? error.message : String(error),
    processed: 'maybe',
    cause: error,
  });
}

async function* pieces(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body;
}

async function* counted(length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < length; at += PIECE) {
    yield Uint8Array.from({ length: Math.min(PIECE, length - at) }, (_, i) => (at + i) % 251);
  }
}

async function* repeated(length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < length; at += PIECE) yield Buffer.alloc(Math.min(PIECE, length - at), 'a');
}

async function* tenThenFailure(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('0123456789');
  throw new Error('this body always fails');
}
