import { Fields } from '@tp/wire';

/**
 * The fields that hold for one connection only and are never passed on (RFC 9110 section 7.6.1):
 * `Connection`, every field that it names, and those known to need removal even when it does not.
 * `Proxy-Authenticate` and `Proxy-Authorization` are not among them (RFC 9110 section 11.7): they
 * belong to whichever proxy asked, and this one asks for nothing.
 */
function isHopByHop(name: string): boolean {
  switch (name.length) {
    case 2:
      return lower(name) === 'te';
    case 7:
      return lower(name) === 'upgrade';
    case 10: {
      const known = lower(name);
      return known === 'connection' || known === 'keep-alive';
    }
    case 14:
      return lower(name) === 'http2-settings';
    case 16:
      return lower(name) === 'proxy-connection';
    case 17:
      return lower(name) === 'transfer-encoding';
    default:
      return false;
  }
}

/** The field that tells an HTTP origin how long it has; a client's own is dropped. */
export const REMAINING_MS = 'x-tp-remaining-ms';

/**
 * The fields of a response that are passed on. The very same object when nothing is to be removed,
 * so that whoever knows heads by identity goes on knowing them.
 */
export function endToEnd(fields: Fields): Fields {
  return strip(fields, false, false);
}

/**
 * The fields of a request that are passed on: as `endToEnd`, less `x-tp-remaining-ms`, and with
 * `TE: trailers` kept, as trailers do pass (RFC 9110 section 10.1.4).
 */
export function requestEndToEnd(fields: Fields): Fields {
  return strip(fields, true, false);
}

/**
 * The fields of a request that asks for another protocol, or of the 101 that answers it, as far as
 * they are passed on: what `requestEndToEnd` or `endToEnd` leave, with `Upgrade`, and a `Connection`
 * that says `Upgrade` and nothing else (W-129).
 */
export function upgradeEndToEnd(fields: Fields, of: 'request' | 'response'): Fields {
  return strip(fields, of === 'request', true);
}

/** The options of every `Connection` field, lower case. */
export function connectionOptions(raw: readonly string[]): Set<string> {
  const options = new Set<string>();
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]?.length === 10 && lower(raw[i] ?? '') === 'connection') {
      for (const option of (raw[i + 1] ?? '').split(',')) options.add(lower(option.trim()));
    }
  }
  return options;
}

function strip(fields: Fields, ofRequest: boolean, upgrades: boolean): Fields {
  const raw = fields.raw;
  let first = -1;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    if (isHopByHop(name) || (ofRequest && isRemainingMs(name))) {
      first = i;
      break;
    }
  }
  if (first < 0) return fields;
  const named = connectionOptions(raw);
  const kept: string[] = [];
  let connected = false;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    if (upgrades && name.length === 7 && lower(name) === 'upgrade') kept.push(name, value);
    else if (upgrades && name.length === 10 && lower(name) === 'connection') {
      if (!connected) kept.push(name, lower(value) === 'upgrade' ? value : 'Upgrade');
      connected = true;
    } else if (ofRequest && name.length === 2 && lower(name) === 'te') {
      if (acceptsTrailers(value)) kept.push(name, 'trailers');
    } else if (!isHopByHop(name) && !(ofRequest && isRemainingMs(name)) && !isNamed(named, name)) {
      kept.push(name, value);
    }
  }
  return new Fields(kept);
}

/*
 * `Connection: host` or `content-length` must not take away what routes and frames a message: a
 * field that is meant for all recipients cannot be a connection option (RFC 9110 section 7.6.1).
 */
function isNamed(named: ReadonlySet<string>, name: string): boolean {
  if (named.size === 0) return false;
  const known = lower(name);
  return named.has(known) && known !== 'host' && known !== 'content-length';
}

function isRemainingMs(name: string): boolean {
  return name.length === REMAINING_MS.length && lower(name) === REMAINING_MS;
}

function acceptsTrailers(value: string): boolean {
  return value.split(',').some((coding) => lower(coding.trim()) === 'trailers');
}

function lower(text: string): string {
  return text.toLowerCase();
}
