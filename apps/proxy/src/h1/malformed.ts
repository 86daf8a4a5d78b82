import { TpError } from '@tp/wire';

/** The error of an origin that does not speak HTTP/1.1 as it should: `UPSTREAM`, processed "maybe". */
export function malformed(what: string): TpError {
  return new TpError({ code: 'UPSTREAM', message: `the origin's answer is malformed: ${what}` });
}
