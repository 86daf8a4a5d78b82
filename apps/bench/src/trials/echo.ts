import type { ServerExchange } from '@tp/transport';
import { Fields, isTpError, ResponseHead, TpError } from '@tp/wire';
import { noise } from './noise.ts';

const OK = new ResponseHead(200, new Fields(['content-type', 'text/plain']));

/**
 * What the servers of trials answer:
 *
 * - `GET /now` at once, `GET /later/MS` after so long
 * - `GET /download/BYTES` with so many bytes
 * - `POST /id` once `remember` has returned from the body
 * - `POST /echo` with the same body
 * - `POST /upload` with the body's length once all of it has come
 */
export function answerEcho(
  remember: (id: string) => void = () => {},
): (exchange: ServerExchange) => void {
  return (exchange) => {
    const [, what, value = '0'] = exchange.path.split('/');
    if (what === 'now') answer(exchange, 'now');
    else if (what === 'later') setTimeout(() => answer(exchange, 'later'), Number(value));
    else if (what === 'download') exchange.respond(OK, undefined, { source: noise(Number(value)) });
    else if (what === 'echo') void echo(exchange);
    else if (what === 'upload') void swallow(exchange);
    else if (what === 'id') void keep(exchange, remember);
    else exchange.respond(new ResponseHead(404), undefined, undefined);
  };
}

function answer(exchange: ServerExchange, text: string): void {
  exchange.respond(OK, Buffer.from(text), undefined);
}

async function keep(exchange: ServerExchange, remember: (id: string) => void): Promise<void> {
  try {
    const id = await exchange.text();
    remember(id);
    answer(exchange, id);
  } catch (error) {
    refuse(exchange, error);
  }
}

async function echo(exchange: ServerExchange): Promise<void> {
  try {
    exchange.respond(OK, await exchange.bytes(), undefined);
  } catch (error) {
    refuse(exchange, error);
  }
}

async function swallow(exchange: ServerExchange): Promise<void> {
  let length = 0;
  try {
    for await (const piece of exchange.body) length += piece.length;
    answer(exchange, `${length}`);
  } catch (error) {
    refuse(exchange, error);
  }
}

function refuse(exchange: ServerExchange, error: unknown): void {
  exchange.refuse(
    isTpError(error) ? error : new TpError({ code: 'INTERNAL', message: String(error) }),
  );
}
