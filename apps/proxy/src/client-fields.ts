import { isIP } from 'node:net';
import type { Request } from '@tp/http';
import { Fields } from '@tp/wire';
import { addressList } from './config/address-list.ts';
import { createRequestIds } from './request-id.ts';

/** Which fields tell an origin of the client, and whose own ones are believed. */
export interface ClientFieldsConfig {
  /** Names in lower case; none: the fields that came are passed on as they are. */
  readonly forwarded: readonly string[];
  /** Ranges of addresses. */
  readonly trusted: readonly string[];
  /** Whether each request gets an `x-request-id`. */
  readonly requestId: boolean;
  /** Whether the client reached this proxy through TLS. */
  readonly secure: boolean;
}

/** Puts the fields that tell of a request's client in. */
export type ClientFields = (request: Request, headers: Fields) => Fields;

/** What somebody could pretend to be somebody else with. */
const ALL: ReadonlySet<string> = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-real-ip',
]);

/**
 * Makes what puts them in; undefined when nothing is to be done. A trusted client's fields stay: its
 * own address joins the lists, and what it says of scheme and host counts. Those of others are
 * removed, all that are known, whether or not they are written here (RFC 7239 section 8.1).
 */
export function createClientFields(config: ClientFieldsConfig): ClientFields | undefined {
  const { forwarded, trusted, secure, requestId } = config;
  const isTrusted = addressList(trusted);
  const identify = requestId
    ? createRequestIds((request) => isTrusted(addressOf(request.peer)))
    : undefined;
  if (forwarded.length === 0) return identify;
  const scheme = secure ? 'https' : 'http';
  return (request, headers) => {
    const client = addressOf(request.peer);
    const kept = isTrusted(client) ? headers.raw : strippedOf(headers.raw);
    const host = headers.get('host');
    const fields = [...kept];
    for (const name of forwarded) {
      switch (name) {
        case 'x-forwarded-for':
          if (client !== undefined) append(fields, name, client);
          break;
        case 'x-forwarded-proto':
          if (!has(fields, name)) fields.push(name, scheme);
          break;
        case 'x-forwarded-host':
          if (!has(fields, name) && host !== undefined && host !== '') fields.push(name, host);
          break;
        case 'forwarded':
          append(fields, name, element(client, scheme, host));
          break;
      }
    }
    const told = new Fields(fields);
    return identify === undefined ? told : identify(request, told);
  };
}

/** The address of `ADDRESS:PORT`; an IPv4 one that IPv6 carries as IPv4; undefined for a unix socket. */
export function addressOf(peer: string | undefined): string | undefined {
  if (peer === undefined) return undefined;
  const address = peer
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(address.split('%')[0] ?? '') === 0 ? undefined : address;
}

/** RFC 7239 section 4: `for` of IPv6 and a host with a port are quoted. */
function element(client: string | undefined, scheme: string, host: string | undefined): string {
  const who = client === undefined ? 'unknown' : client.includes(':') ? `"[${client}]"` : client;
  const named = host === undefined || host === '' ? '' : `;host=${quoted(host)}`;
  return `for=${who};proto=${scheme}${named}`;
}

function quoted(text: string): string {
  if (/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text)) return text;
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

function strippedOf(raw: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    if (!ALL.has(name.toLowerCase())) kept.push(name, raw[i + 1] ?? '');
  }
  return kept;
}

/** Adds to the last of a list field, or makes one. */
function append(fields: string[], name: string, value: string): void {
  for (let i = fields.length - 2; i >= 0; i -= 2) {
    if (fields[i]?.toLowerCase() !== name) continue;
    fields[i + 1] = `${fields[i + 1]}, ${value}`;
    return;
  }
  fields.push(name, value);
}

function has(fields: readonly string[], name: string): boolean {
  for (let i = 0; i < fields.length; i += 2) if (fields[i]?.toLowerCase() === name) return true;
  return false;
}
