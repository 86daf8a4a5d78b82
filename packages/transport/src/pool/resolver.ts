import { lookup, resolveSrv } from 'node:dns/promises';

/** Where a service runs (RFC 2782). */
export interface ServiceRecord {
  readonly name: string;
  readonly port: number;
  /** The lowest that can be reached is used. */
  readonly priority: number;
  /** Part of the calls in relation to others of the same priority. */
  readonly weight: number;
}

/** Finds out what names stand for. Both may fail or answer nothing: what was known before is kept then. */
export interface Resolver {
  /** All addresses of a host, IPv4 and IPv6. */
  addresses(host: string): Promise<readonly string[]>;
  /** Where a service runs. */
  services(name: string): Promise<readonly ServiceRecord[]>;
}

/** The system's: hosts as every program here finds them, `/etc/hosts` included; services by DNS. */
export const systemResolver: Resolver = {
  async addresses(host) {
    const found = await lookup(host, { all: true, order: 'verbatim' });
    return found.map(({ address }) => address);
  },
  services: (name) => resolveSrv(name),
};
