import type { SecureContext, SecureContextOptions, TLSSocket, TlsOptions } from 'node:tls';
import { TpError } from '@tp/wire';
import { invalid } from '../options.ts';
import { namesOf, PinnedNames } from './peer-names.ts';
import { secureContext, secureOptions } from './secure-context.ts';

/** How TLS is spoken to peers: certificates as Node's `tls.createServer` takes them. Always TLS 1.3. */
export interface ListenTls
  extends Pick<
    TlsOptions,
    'cert' | 'key' | 'passphrase' | 'ca' | 'requestCert' | 'rejectUnauthorized'
  > {
  /**
   * A client must show a certificate that `ca` vouches for, with one of these names: a DNS name, `*.`
   * and a DNS name for any one label in place of the star, or a URI such as a SPIFFE id. Default:
   * any certificate that `ca` vouches for where `requestCert` is set; else none is asked for.
   */
  readonly names?: readonly string[];
  /**
   * What a client that names a host is shown instead of `cert`, made by `tls.createSecureContext`;
   * undefined for `cert`. Without it, all are shown `cert`.
   */
  readonly contextFor?: (servername: string) => SecureContext | undefined;
}

/** An acceptor's side of TLS: what it shows, and what it asks of those who come. */
export class AcceptorTls {
  #tls: ListenTls;
  #names: PinnedNames | undefined;

  /** @throws {TpError} INVALID_ARGUMENT for what cannot be. */
  constructor(tls: ListenTls) {
    this.#names = check(tls);
    this.#tls = tls;
  }

  /** Whether clients are asked for certificates. */
  get asks(): boolean {
    return this.#names !== undefined || this.#tls.requestCert === true;
  }

  get certificates(): SecureContextOptions {
    return secureOptions(this.#tls);
  }

  /** What a client that names this host is shown; undefined for what all are shown. */
  contextFor(servername: string): SecureContext | undefined {
    return this.#tls.contextFor?.(servername);
  }

  /**
   * Takes other certificates and names.
   *
   * @throws {TpError} INVALID_ARGUMENT for what cannot be; then the old ones stay.
   */
  reload(tls: ListenTls): void {
    const next = new AcceptorTls(tls);
    if (next.asks !== this.asks) {
      throw invalid('whether clients are asked for certificates cannot change while a server runs');
    }
    this.#tls = tls;
    this.#names = next.#names;
  }

  /**
   * The names of a peer whose handshake is done; undefined for one that showed no certificate, or
   * none that was verified, where it need not.
   *
   * @throws {TpError} REFUSED, with what was found and what is expected.
   */
  identify(socket: TLSSocket): readonly string[] | undefined {
    if (!this.asks) return undefined;
    if (!socket.authorized) {
      if (this.#tls.rejectUnauthorized === false) return undefined;
      throw refused(`the peer's certificate is not accepted: ${String(socket.authorizationError)}`);
    }
    const names = namesOf(socket.getPeerX509Certificate()?.subjectAltName);
    const mismatch = this.#names?.mismatch(names);
    if (mismatch !== undefined) throw refused(mismatch);
    return names;
  }
}

function check(tls: ListenTls): PinnedNames | undefined {
  if (tls.cert === undefined || tls.key === undefined) {
    throw invalid('teleports:// needs a certificate and its key');
  }
  secureContext(tls);
  if (tls.names === undefined) return undefined;
  if (tls.ca === undefined || tls.requestCert === false || tls.rejectUnauthorized === false) {
    throw invalid('tls.names needs tls.ca, and certificates that are asked for and verified');
  }
  return new PinnedNames(tls.names);
}

function refused(message: string): TpError {
  return new TpError({ code: 'REFUSED', message, processed: 'no' });
}
