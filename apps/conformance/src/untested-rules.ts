/**
 * Rules of docs/protocol.md that no case and no vector can show, each with the reason. A test holds
 * this list, the cases and the vectors against the document: every rule stands in one of them.
 */
export const UNTESTED_RULES: ReadonlyMap<string, string> = new Map([
  ['W-008', 'the kit speaks plain TCP; tests of @tp/transport show TLS and its ALPN name'],
  [
    'W-098',
    'takes half a minute of silence; tests of @tp/transport show it by a clock of their own',
  ],
  ['W-115', 'is about HTTP, of which the kit asks nothing; tests of @tp/http show BODY_LENGTH'],
  [
    'W-108',
    'begins at id 2^29: a client counts its ids itself, and would have to send half a billion',
  ],
]);
