/**
 * Whether a response never has a body, whatever its head says (RFC 9110 section 6.4.1): one to
 * HEAD, and one with status 204 or 304.
 */
export function hasNoBody(status: number, method: string): boolean {
  return status === 204 || status === 304 || method === 'HEAD';
}
