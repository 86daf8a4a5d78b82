/**
 * Other versions of HTTP. Requests that are made in them behind an upgrade pass no rule of any
 * gateway on the way: that is how `Upgrade: h2c` smuggles requests past it.
 */
const HTTP = /^(?:h2c?|http)(?:\/|$)/i;

/** The protocol that a request asks to switch to, if that request is passed on. */
export function passedProtocol(protocol: string | undefined): string | undefined {
  return protocol === undefined || HTTP.test(protocol) ? undefined : protocol;
}
