const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i;

/**
 * Whether a request holds its body back until it is told to go on.
 *
 * @param expect the value of its `Expect` (RFC 9110 section 10.1.1).
 */
export function waitsToGoOn(expect: string | undefined): boolean {
  return expect !== undefined && CONTINUE.test(expect);
}
