import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Path } from './file.ts';
import type { Problems } from './problems.ts';
import type { Sources } from './sources.ts';

/** Reads certificates and keys that settings name, and tries them. */
export class PemFiles {
  readonly #sources: Sources;
  readonly #problems: Problems;

  constructor(sources: Sources, problems: Problems) {
    this.#sources = sources;
    this.#problems = problems;
  }

  /** The text of a file; undefined where none is named, or it cannot be read, which is noted. */
  read(path: Path, named: string | undefined): string | undefined {
    if (named === undefined) return undefined;
    try {
      return new TextDecoder().decode(this.#sources.read(path, named));
    } catch {
      this.#problems.add(path, named, 'the path of a PEM file that can be read');
      return undefined;
    }
  }

  /** 48 bytes, in base64; undefined as with `read`. */
  readTicketKeys(path: Path, named: string | undefined): string | undefined {
    if (named === undefined) return undefined;
    const bytes = this.#bytes(path, named);
    if (bytes?.length === 48) return Buffer.from(bytes).toString('base64');
    this.#problems.add(path, named, 'the path of a file of 48 bytes that can be read');
    return undefined;
  }

  /** Notes when a TLS context cannot be made of them. */
  try(path: Path, named: unknown, pem: Pick<SecureContextOptions, 'cert' | 'key' | 'ca'>): void {
    try {
      createSecureContext(pem);
      // Authorities that cannot be read are left out by OpenSSL in silence.
      if (typeof pem.ca === 'string') new X509Certificate(pem.ca);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#problems.add(path, named, `PEM that can be used (${why.replaceAll(/\s+/g, ' ')})`);
    }
  }

  #bytes(path: Path, named: string): Uint8Array | undefined {
    try {
      return this.#sources.read(path, named);
    } catch {
      return undefined;
    }
  }
}
