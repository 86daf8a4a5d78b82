import { randomUUID } from 'node:crypto';
import type { Request } from '@tp/http';
import { Fields } from '@tp/wire';
import type { ClientFields } from './client-fields.ts';

/** The field that names a request on its way through many programs. */
export const REQUEST_ID = 'x-request-id';

/**
 * Makes what gives each request an id: the one that it came with from a trusted client, else a new
 * random UUID (RFC 9562 section 5.4). What others say is removed: they could give one id to many.
 */
export function createRequestIds(isTrusted: (request: Request) => boolean): ClientFields {
  return (request, headers) => {
    const known = headers.get(REQUEST_ID);
    if (known !== undefined && known !== '' && isTrusted(request)) return headers;
    const fields: string[] = [];
    for (let i = 0; i < headers.raw.length; i += 2) {
      const name = headers.raw[i] ?? '';
      if (name.toLowerCase() !== REQUEST_ID) fields.push(name, headers.raw[i + 1] ?? '');
    }
    fields.push(REQUEST_ID, randomUUID());
    return new Fields(fields);
  };
}
