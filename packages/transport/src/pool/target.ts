import { isIP } from 'node:net';
import { TpError } from '@tp/wire';
import { type Address, parseAddress } from '../socket/address.ts';

/** Where a pool was told to connect: to one address, to all of a host's, or to those of a service. */
export type Target =
  | { readonly kind: 'address'; readonly url: string; readonly address: Address }
  | {
      readonly kind: 'host';
      readonly url: string;
      readonly tls: boolean;
      readonly host: string;
      readonly port: number;
    }
  | {
      readonly kind: 'service';
      readonly url: string;
      readonly tls: boolean;
      /** The name to look up (RFC 2782): `_tp._tcp.example.org`. */
      readonly service: string;
      /** What certificates are checked for: the name's domain, as an answer could name any host. */
      readonly host: string;
    };

const SERVICE = /^teleport(s?)\+srv:\/\/(_[\w-]+\._[\w-]+\.([A-Za-z0-9][\w.-]*))\/?$/;

/**
 * Reads where to connect: what `parseAddress` takes, and `teleport+srv://_NAME._PROTO.DOMAIN` or
 * `teleports+srv://…` (TLS).
 *
 * @param resolves whether host names are to be resolved here; otherwise they are addresses as they stand.
 * @throws {TpError} INVALID_ARGUMENT, with what was found and what is expected.
 */
export function parseTarget(url: string, resolves: boolean): Target {
  const [, s, service, host] = SERVICE.exec(url) ?? [];
  if (resolves && service !== undefined && host !== undefined) {
    return { kind: 'service', url, tls: s === 's', service, host };
  }
  if (/^teleports?\+srv:/.test(url)) {
    const expected =
      service === undefined
        ? 'teleport+srv://_NAME._PROTO.DOMAIN or teleports+srv://_NAME._PROTO.DOMAIN'
        : 'a resolver beside a dialer of your own';
    throw new TpError({
      code: 'INVALID_ARGUMENT',
      message: `found the address ${JSON.stringify(url)}; expected ${expected}`,
      processed: 'no',
    });
  }
  const address = parseAddress(url);
  if (!resolves || address.kind === 'unix' || isIP(address.host) !== 0) {
    return { kind: 'address', url: address.url, address };
  }
  const { host: name, port } = address;
  return { kind: 'host', url: address.url, tls: address.kind === 'tls', host: name, port };
}
