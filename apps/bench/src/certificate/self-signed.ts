import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import * as der from './der.ts';

/** A certificate that vouches for itself, and its key, as PEM. */
export interface SelfSigned {
  readonly cert: string;
  readonly key: string;
}

const HOUR_MS = 3_600_000;
const VALID_MS = 24 * HOUR_MS;
const ECDSA_WITH_SHA256 = der.sequence(der.oid(1, 2, 840, 10045, 4, 3, 2));

/** Makes a P-256 certificate for one DNS name, valid from an hour ago for a day: for links on loopback, never for use. */
export function selfSigned(dnsName: string): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = der.sequence(der.set(der.sequence(der.oid(2, 5, 4, 3), der.utf8(dnsName))));
  const now = Date.now();
  const body = der.sequence(
    der.explicit(0, der.integer(Uint8Array.of(2))),
    der.integer(Uint8Array.of(1, ...randomBytes(8))),
    ECDSA_WITH_SHA256,
    name,
    der.sequence(der.utcTime(new Date(now - HOUR_MS)), der.utcTime(new Date(now + VALID_MS))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der.explicit(3, der.sequence(subjectAltName(dnsName), basicConstraints())),
  );
  const signature = createSign('sha256').update(body).sign(privateKey);
  const certificate = der.sequence(body, ECDSA_WITH_SHA256, der.bitString(signature));
  return {
    cert: pem('CERTIFICATE', certificate),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function subjectAltName(dnsName: string): Uint8Array {
  const names = der.sequence(der.contextString(2, dnsName));
  return der.sequence(der.oid(2, 5, 29, 17), der.octetString(names));
}

function basicConstraints(): Uint8Array {
  return der.sequence(der.oid(2, 5, 29, 19), der.octetString(der.sequence(der.boolean(true))));
}

function pem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
