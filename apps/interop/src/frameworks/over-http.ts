import { type Agent, type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';
import { requestFields, type Send, waitsToGoOn } from './send.ts';

/** Asks a server on this machine over HTTP/1.1, by Node's client, which shows heads as they came. */
export function overHttp(port: number, agent: Agent): Send {
  return (ask, signal, informed) =>
    new Promise((resolve, reject) => {
      const { body, trailers, method = 'GET', path } = ask;
      const streamed =
        body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array);
      const fields = requestFields(ask);
      if (streamed) fields.push('Transfer-Encoding', 'chunked');
      const out = request({
        host: '127.0.0.1',
        port,
        agent,
        signal,
        setHost: false,
        method,
        path,
        headers: fields,
      });
      const sendBody = () => {
        if (trailers !== undefined) out.addTrailers(inPairs(trailers));
        if (!streamed) out.end(body);
        else Readable.from(body, { objectMode: false }).on('error', ignore).pipe(out);
      };
      out.on('information', ({ statusCode, rawHeaders }) => {
        informed(statusCode, rawHeaders);
        if (statusCode === 100) sendBody();
      });
      // Stays for the rest of the exchange: what fails behind the head is told through the body.
      out.on('error', reject);
      out.on('response', (response: IncomingMessage) => {
        if (waitsToGoOn(ask) && !out.writableEnded) out.end();
        resolve({
          status: response.statusCode ?? 0,
          reason: response.statusMessage ?? '',
          fields: response.rawHeaders,
          body: response,
          trailers: () => response.rawTrailers,
          reused: out.reusedSocket,
        });
      });
      if (waitsToGoOn(ask)) out.flushHeaders();
      else sendBody();
    });
}

function inPairs(flat: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i < flat.length; i += 2) pairs.push([flat[i] ?? '', flat[i + 1] ?? '']);
  return pairs;
}

function ignore(): void {}
