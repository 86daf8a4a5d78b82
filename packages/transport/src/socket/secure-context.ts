import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { TpError } from '@tp/wire';

/** Certificates and keys as Node takes them. */
export type Certificates = Pick<SecureContextOptions, 'ca' | 'cert' | 'key' | 'passphrase'>;

/** What Node makes a context of: these certificates, and no TLS before 1.3 (W-008). */
export function secureOptions({ ca, cert, key, passphrase }: Certificates): SecureContextOptions {
  return {
    minVersion: 'TLSv1.3',
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
}

/** @throws {TpError} INVALID_ARGUMENT for certificates that cannot be read, or whose key is another's. */
export function secureContext(certificates: Certificates): SecureContext {
  try {
    return createSecureContext(secureOptions(certificates));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TpError({
      code: 'INVALID_ARGUMENT',
      message: `the certificates cannot be used: ${why}`,
      processed: 'no',
      cause,
    });
  }
}
