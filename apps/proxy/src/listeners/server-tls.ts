import { X509Certificate } from 'node:crypto';
import type { Server, ServerOptions } from 'node:https';
import {
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type SecureVersion,
  type TLSSocket,
} from 'node:tls';
import { namesOf, PinnedNames } from '@tp/transport';
import type { CertificateConfig, ListenerTlsConfig } from '../config/config.ts';

/** A certificate by the names that clients ask for. */
interface Shown {
  readonly names: PinnedNames | undefined;
  readonly context: SecureContext;
}

/** The certificates of an HTTPS listener: which one a client is shown, and what is asked of it. */
export class ServerTls {
  #config: ListenerTlsConfig;
  #shown: readonly Shown[];
  #clientNames: PinnedNames | undefined;

  constructor(config: ListenerTlsConfig) {
    this.#config = config;
    this.#shown = config.certificates.map((one) => shown(one, config));
    this.#clientNames = pinned(config.clientNames);
  }

  /** What the server is made with. */
  get options(): ServerOptions {
    const { ticketKeys, clientCa } = this.#config;
    const asks = clientCa !== undefined;
    return {
      ...contextOptions(this.#config.certificates[0], this.#config),
      ...(ticketKeys === undefined ? {} : { ticketKeys: Buffer.from(ticketKeys, 'base64') }),
      requestCert: asks,
      rejectUnauthorized: asks,
      SNICallback: (name, done) => done(null, contextFor(this.#shown, name)),
    };
  }

  /**
   * Shows other certificates from now on; connections that stand go on.
   *
   * @returns false when that takes a new server: clients are asked for certificates, or no longer.
   */
  reload(config: ListenerTlsConfig, server: Server): boolean {
    if ((config.clientCa === undefined) !== (this.#config.clientCa === undefined)) return false;
    const next = config.certificates.map((one) => shown(one, config));
    server.setSecureContext(contextOptions(config.certificates[0], config));
    if (config.ticketKeys !== undefined && config.ticketKeys !== this.#config.ticketKeys) {
      server.setTicketKeys(Buffer.from(config.ticketKeys, 'base64'));
    }
    this.#shown = next;
    this.#clientNames = pinned(config.clientNames);
    this.#config = config;
    return true;
  }

  /** Whether a client whose certificate was verified has one of the names that are asked for. */
  admits(socket: TLSSocket): boolean {
    const pinned = this.#clientNames;
    if (pinned === undefined) return true;
    return pinned.mismatch(namesOf(socket.getPeerX509Certificate()?.subjectAltName)) === undefined;
  }
}

/** Finds out what a client that names a host is shown by a listener of links; undefined for the default. */
export function linkContexts(
  config: ListenerTlsConfig,
): (name: string) => SecureContext | undefined {
  const all = config.certificates.map((one) => shown(one, config, 'TLSv1.3'));
  return (name) => contextFor(all, name);
}

function contextFor(all: readonly Shown[], servername: string): SecureContext | undefined {
  const name = servername.toLowerCase();
  const found = all.find(
    ({ names }) => names !== undefined && names.mismatch([name]) === undefined,
  );
  return (found ?? all[0])?.context;
}

function shown(
  certificate: CertificateConfig,
  config: ListenerTlsConfig,
  minVersion?: SecureVersion,
): Shown {
  const names =
    certificate.names ??
    namesOf(new X509Certificate(certificate.cert).subjectAltName).filter(isName);
  return {
    names: names.length === 0 ? undefined : new PinnedNames(names),
    context: createSecureContext({
      ...contextOptions(certificate, config),
      ...(minVersion === undefined ? {} : { minVersion }),
    }),
  };
}

/** What can be asked for by name: no IP addresses. */
function isName(name: string): boolean {
  return /[A-Za-z]/.test(name) && !name.includes(':');
}

function contextOptions(
  { cert, key }: CertificateConfig,
  { clientCa }: ListenerTlsConfig,
): SecureContextOptions {
  return clientCa === undefined ? { cert, key } : { cert, key, ca: clientCa };
}

function pinned(names: readonly string[] | undefined): PinnedNames | undefined {
  return names === undefined ? undefined : new PinnedNames(names);
}
