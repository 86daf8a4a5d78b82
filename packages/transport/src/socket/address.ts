import { TpError } from '@tp/wire';

/** Where a link leads: `teleport://HOST:PORT`, `teleports://HOST:PORT` (TLS) or `teleport+unix:PATH`. */
export type Address =
  | {
      readonly kind: 'tcp' | 'tls';
      readonly host: string;
      readonly port: number;
      readonly url: string;
      /** The name that `host` is an address of: what a certificate is checked for. */
      readonly name?: string;
    }
  | { readonly kind: 'unix'; readonly path: string; readonly url: string };

const FORM = /^(teleports?):\/\/(\[[0-9a-fA-F:.]+\]|[^:/?#[\]@]+):(\d{1,5})\/?$/;
const UNIX = 'teleport+unix:';

/**
 * Reads the address of a link.
 *
 * @throws {TpError} INVALID_ARGUMENT, with what was found and what is expected.
 */
export function parseAddress(url: string): Address {
  if (url.startsWith(UNIX) && url.length > UNIX.length) {
    return { kind: 'unix', path: url.slice(UNIX.length), url };
  }
  const parts = FORM.exec(url);
  const port = Number(parts?.[3]);
  const host = parts?.[2];
  if (host === undefined || port > 65_535) {
    throw new TpError({
      code: 'INVALID_ARGUMENT',
      message: `found the address ${JSON.stringify(url)}; expected teleport://HOST:PORT, teleports://HOST:PORT or teleport+unix:PATH`,
      processed: 'no',
    });
  }
  return {
    kind: parts?.[1] === 'teleports' ? 'tls' : 'tcp',
    host: host.startsWith('[') ? host.slice(1, -1) : host,
    port,
    url: url.replace(/\/$/, ''),
  };
}

/** The same address with the port that was bound. */
export function withPort(address: Address, port: number): Address {
  if (address.kind === 'unix') return address;
  return { ...address, port, url: urlOf(address.kind === 'tls', address.host, port) };
}

/** One of the addresses of a host. */
export function addressOf(tls: boolean, host: string, port: number, name: string): Address {
  return { kind: tls ? 'tls' : 'tcp', host, port, name, url: urlOf(tls, host, port) };
}

function urlOf(tls: boolean, host: string, port: number): string {
  return `${tls ? 'teleports' : 'teleport'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
