import { invalid } from '../options.ts';
import type { Target } from '../pool/target.ts';
import type { Address } from './address.ts';

/** Where bytes go or come from; `plainHost` is set where they do so over TCP without TLS. */
interface Place {
  readonly url: string;
  readonly plainHost: string | undefined;
}

/**
 * Sees to it that nothing goes over a network in plain text unless that was asked for by name.
 *
 * @throws {TpError} INVALID_ARGUMENT for TCP without TLS beyond this machine.
 */
export function checkPlainText(place: Place, insecure: boolean | undefined): void {
  if (insecure === true || place.plainHost === undefined || isLoopback(place.plainHost)) return;
  throw invalid(
    `found ${place.url}, which leaves this machine in plain text; expected teleports://, or the option insecure: true`,
  );
}

/** An address as a place. */
export function plainAddress(address: Address): Place {
  return { url: address.url, plainHost: address.kind === 'tcp' ? address.host : undefined };
}

/** What a pool was told as a place; a name is what it says, whatever it stands for now. */
export function plainTarget(target: Target): Place {
  if (target.kind === 'address') return plainAddress(target.address);
  return { url: target.url, plainHost: target.tls ? undefined : target.host };
}

/** Whether bytes for that host never leave this machine; a socket for both families shows IPv4 within IPv6. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(host);
}
