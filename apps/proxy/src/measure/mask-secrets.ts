import { createHash, randomBytes } from 'node:crypto';

const SECRET =
  /^(?:proxy-)?authorization$|^(?:set-)?cookie$|api-?key|token|secret|password|session/;

/**
 * Makes what replaces the values of fields that carry secrets: by others of the same length, equal
 * ones by equal ones, so that they take as much on a link. What they were cannot be found out.
 */
export function createMask(): (headers: readonly string[]) => string[] {
  const key = randomBytes(16);
  const masked = (value: string): string =>
    createHash('shake256', { outputLength: Math.max(1, value.length) })
      .update(key)
      .update(value)
      .digest('base64url')
      .slice(0, value.length);
  return (headers) =>
    headers.map((entry, i) =>
      i % 2 === 1 && SECRET.test(headers[i - 1]?.toLowerCase() ?? '') ? masked(entry) : entry,
    );
}
