import { STATUS_CODES } from 'node:http';
import type { Client } from '@tp/http';
import { type Ask, requestFields, type Send, waitsToGoOn } from './send.ts';

/** Asks a server over tp, by the lean client. */
export function overTp(client: Client): Send {
  return async (ask, signal, informed) => {
    const { promise: told, resolve: goOn } = Promise.withResolvers<boolean>();
    const { trailers, method = 'GET', path } = ask;
    const response = await client
      .request({
        method,
        path,
        headers: requestFields(ask),
        body: waitsToGoOn(ask) ? onceTold(ask, told) : (ask.body ?? null),
        ...(trailers === undefined ? {} : { trailers: () => trailers }),
        signal,
        onInformation: (status, { raw }) => {
          informed(status, raw);
          if (status === 100) goOn(true);
        },
      })
      .finally(() => goOn(false));
    return {
      status: response.status,
      reason: response.reason || (STATUS_CODES[response.status] ?? ''),
      fields: response.headers.raw,
      body: response.body,
      trailers: () => response.trailers?.raw ?? [],
    };
  };
}

async function* onceTold({ body }: Ask, told: Promise<boolean>): AsyncGenerator<Uint8Array> {
  if (!(await told) || body === undefined) return;
  if (typeof body === 'string') yield Buffer.from(body);
  else if (body instanceof Uint8Array) yield body;
  else yield* body;
}
