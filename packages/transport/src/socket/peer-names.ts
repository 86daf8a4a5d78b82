import { invalid } from '../options.ts';

const DNS_NAME = /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$/;
const IP = /^[0-9A-Fa-f:.]+$/;
/** One entry of a certificate's names as Node prints them: `KIND:VALUE`, the value quoted where it is odd. */
const ENTRY = /([^:,"]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y;

/**
 * The names in a certificate's `subjectAltName`: DNS names in lower case, URIs (SPIFFE ids) and IP
 * addresses. What is none of these is left out, and all of a list that cannot be read.
 */
export function namesOf(subjectAltName: string | undefined): readonly string[] {
  const names: string[] = [];
  const text = subjectAltName ?? '';
  ENTRY.lastIndex = 0;
  while (ENTRY.lastIndex < text.length) {
    const entry = ENTRY.exec(text);
    if (entry === null) return [];
    const name = legalName(entry[1] ?? '', unquoted(entry[2] ?? ''));
    if (name !== undefined) names.push(name);
  }
  return names;
}

/** Names of which a peer's certificate must have one. */
export class PinnedNames {
  readonly #names: readonly string[];

  /** @throws {TpError} INVALID_ARGUMENT for an empty list, and for what is no name. */
  constructor(names: readonly string[]) {
    if (names.length === 0) throw invalid('found no names in tls.names; expected one at least');
    this.#names = names.map((name) => (URI.test(name) ? name : name.toLowerCase()));
    for (const name of this.#names) {
      if (DNS_NAME.test(name) || URI.test(name)) continue;
      throw invalid(
        `found ${JSON.stringify(name)} in tls.names; expected DNS names, *. and a DNS name, or URIs`,
      );
    }
  }

  /** Why a certificate with these names is not the peer's; undefined when it is. */
  mismatch(found: readonly string[]): string | undefined {
    const isPeer = found.some((name) =>
      this.#names.some((pin) => pin === name || covers(pin, name) || covers(name, pin)),
    );
    if (isPeer) return undefined;
    const shown = found.length === 0 ? 'no name' : found.join(', ');
    return `the peer's certificate has ${shown}; expected one of ${this.#names.join(', ')}`;
  }
}

/** Whether `*.a.example` stands for a name: exactly one label takes the place of the star. */
function covers(pattern: string, name: string): boolean {
  if (!pattern.startsWith('*.')) return false;
  const dot = name.indexOf('.');
  return (
    dot > 0 && /^[a-z0-9_-]+$/.test(name.slice(0, dot)) && name.slice(dot) === pattern.slice(1)
  );
}

function legalName(kind: string, value: string): string | undefined {
  if (kind === 'DNS') {
    const name = value.toLowerCase();
    return DNS_NAME.test(name) ? name : undefined;
  }
  if (kind === 'URI') return URI.test(value) ? value : undefined;
  return kind === 'IP Address' && IP.test(value) ? value : undefined;
}

function unquoted(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    return '';
  }
}
