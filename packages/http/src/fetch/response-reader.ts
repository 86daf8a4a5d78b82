import { Fields, TpError } from '@tp/wire';
import { hasNoBody } from '../body/no-body.ts';
import { endToEnd } from '../hop-by-hop.ts';
import type { ResponseInit } from '../types.ts';
import { gather } from './gather.ts';

/** Makes a lean answer of the response that a fetch handler gave. */
export class ResponseReader {
  /** Heads that are alike are one object, which is sent for a byte or two and looked through once. */
  #fields = Fields.empty;
  /** What the last response had, with what belonged to its connection. */
  #raw: readonly string[] = [];

  /**
   * @param method that of the request.
   * @throws {TypeError} for what is no response, or one whose body something else reads.
   * @throws {TpError} INTERNAL for `Response.error()`.
   */
  read(response: globalThis.Response, method: string): ResponseInit | Promise<ResponseInit> {
    checkResponse(response);
    const { status, statusText: reason, body } = response;
    const headers = this.#fieldsOf(response.headers);
    if (body === null) return { status, reason, headers };
    if (hasNoBody(status, method)) {
      body.cancel().catch(() => {});
      return { status, reason, headers };
    }
    return gather(body).then((gathered) => ({ status, reason, headers, body: gathered }));
  }

  #fieldsOf(headers: Headers): Fields {
    const raw: string[] = [];
    const last = this.#raw;
    let isSame = true;
    for (const [name, value] of headers) {
      isSame &&= last[raw.length] === name && last[raw.length + 1] === value;
      raw.push(name, value);
    }
    if (!isSame || raw.length !== last.length) {
      this.#raw = raw;
      this.#fields = endToEnd(new Fields(raw));
    }
    return this.#fields;
  }
}

function checkResponse(response: unknown): void {
  if (typeof response !== 'object' || response === null || !('bodyUsed' in response)) {
    throw new TypeError(`a fetch handler answered with ${String(response)}; expected a Response`);
  }
  if ('type' in response && response.type === 'error') {
    throw new TpError({
      code: 'INTERNAL',
      message: 'the handler answered with Response.error()',
      processed: 'yes',
    });
  }
  if (response.bodyUsed === true) {
    throw new TypeError('a fetch handler answered with a Response whose body was read already');
  }
}
