import { createHash, timingSafeEqual } from 'node:crypto';
import { invalid } from '../options.ts';

/** The longest token, in bytes: it must fit a hello (W-009) with all else. */
const MAX_TOKEN = 4_096;

/**
 * A token as the hello says it; text is UTF-8.
 *
 * @throws {TpError} INVALID_ARGUMENT when it is empty, which says none, or longer than 4,096 bytes.
 */
export function tokenBytes(name: string, token: string | Uint8Array): Uint8Array {
  const bytes = typeof token === 'string' ? new TextEncoder().encode(token) : token.slice();
  if (bytes.length < 1 || bytes.length > MAX_TOKEN) {
    throw invalid(`found ${name} of ${bytes.length} bytes; expected 1 to ${MAX_TOKEN}`);
  }
  return bytes;
}

/** The tokens that a server accepts (W-024). Only their hashes are kept. */
export class AcceptedTokens {
  readonly #hashes: readonly Uint8Array[];

  /** @throws {TpError} INVALID_ARGUMENT for an empty list or an impossible token. */
  constructor(tokens: readonly (string | Uint8Array)[]) {
    if (tokens.length === 0) throw invalid('found no tokens; expected one at least, or no list');
    this.#hashes = tokens.map((token) => hashOf(tokenBytes('tokens', token)));
  }

  /**
   * Whether a peer's token is one of these. Takes the same time for each that is not: hashes are of
   * one length, none of the list is skipped, and a hash that is nearly right says nothing.
   */
  accept(token: Uint8Array): boolean {
    const hash = hashOf(token);
    let isKnown = false;
    for (const accepted of this.#hashes) isKnown = timingSafeEqual(accepted, hash) || isKnown;
    return isKnown;
  }
}

function hashOf(token: Uint8Array): Uint8Array {
  return createHash('sha256').update(token).digest();
}
