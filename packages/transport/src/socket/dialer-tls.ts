import { isIP } from 'node:net';
import type { ConnectionOptions, PeerCertificate, SecureContext, TLSSocket } from 'node:tls';
import { ALPN } from '@tp/wire';
import { invalid } from '../options.ts';
import { namesOf, PinnedNames } from './peer-names.ts';
import { secureContext } from './secure-context.ts';

/** How TLS is spoken to a peer: certificates as Node's `tls.connect` takes them. Always TLS 1.3. */
export interface DialTls
  extends Pick<
    ConnectionOptions,
    | 'ca'
    | 'cert'
    | 'key'
    | 'passphrase'
    | 'servername'
    | 'rejectUnauthorized'
    | 'checkServerIdentity'
  > {
  /**
   * The server's certificate must have one of these names instead of the host that is dialled: a
   * DNS name, `*.` and a DNS name for any one label, or a URI such as a SPIFFE id.
   */
  readonly names?: readonly string[];
}

/** A dialer's side of TLS: what it shows, and whom it wants to reach. */
export class DialerTls {
  #tls: DialTls;
  #names: PinnedNames | undefined;
  #context: SecureContext | undefined;

  /** @throws {TpError} INVALID_ARGUMENT for what cannot be. */
  constructor(tls: DialTls | undefined) {
    this.#tls = tls ?? {};
    if (tls !== undefined) this.reload(tls);
  }

  /**
   * Takes other certificates and names, for connections from now on.
   *
   * @throws {TpError} INVALID_ARGUMENT for what cannot be; then the old ones stay.
   */
  reload(tls: DialTls): void {
    const isVague = tls.rejectUnauthorized === false || tls.checkServerIdentity !== undefined;
    if (tls.names !== undefined && isVague) {
      throw invalid(
        'tls.names needs certificates that are verified, and replaces checkServerIdentity',
      );
    }
    const names = tls.names === undefined ? undefined : new PinnedNames(tls.names);
    this.#context = secureContext(tls);
    this.#names = names;
    this.#tls = tls;
  }

  /** What `tls.connect` is told; the server's certificate is to be for that name or address. */
  connectOptions(name: string): ConnectionOptions {
    this.#context ??= secureContext(this.#tls);
    const names = this.#names;
    const { servername, rejectUnauthorized, checkServerIdentity } = this.#tls;
    return {
      ALPNProtocols: [ALPN],
      secureContext: this.#context,
      ...(isIP(name) === 0 ? { servername: name } : {}),
      ...(servername === undefined ? {} : { servername }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
      ...(checkServerIdentity === undefined ? {} : { checkServerIdentity }),
      ...(names === undefined
        ? {}
        : { checkServerIdentity: (_host, certificate) => mismatch(names, certificate) }),
    };
  }

  /** The names of a server whose certificate was verified. */
  identify(socket: TLSSocket): readonly string[] | undefined {
    if (!socket.authorized) return undefined;
    return namesOf(socket.getPeerX509Certificate()?.subjectAltName);
  }
}

function mismatch(names: PinnedNames, certificate: PeerCertificate): Error | undefined {
  const why = names.mismatch(namesOf(certificate.subjectaltname));
  return why === undefined ? undefined : new Error(why);
}
