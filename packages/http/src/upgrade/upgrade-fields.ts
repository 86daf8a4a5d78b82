import { Fields, isToken } from '@tp/wire';
import { declaredLength, NO_LENGTH } from '../body/content-length.ts';

/** Status of a response behind which both sides speak another protocol (RFC 9110 section 15.2.2). */
export const SWITCHING_PROTOCOLS = 101;

/**
 * The one protocol that a request asks to switch to (RFC 9110 section 7.8), as its `Upgrade` names it:
 * `websocket`, `SPDY/3.1`. Undefined when it asks for none as W-129 wants it: one `Upgrade` with one
 * protocol, `upgrade` among the options of `Connection`, and no body.
 */
export function upgradeProtocol(fields: Fields): string | undefined {
  const asked = fields.getAll('upgrade');
  const protocol = asked[0];
  if (protocol === undefined || asked.length > 1 || !isProtocol(protocol)) return undefined;
  if (!hasOption(fields, 'upgrade') || fields.has('transfer-encoding')) return undefined;
  const length = declaredLength(fields);
  return length === NO_LENGTH || length === 0 ? protocol : undefined;
}

/** Whether a response with status 101 switches to that protocol and no other. Case does not count. */
export function switchesTo(fields: Fields, protocol: string): boolean {
  const named = fields.getAll('upgrade');
  return named.length === 1 && named[0]?.toLowerCase() === protocol.toLowerCase();
}

/** The fields with `Connection` and `Upgrade` for a protocol, as far as they are not there. */
export function withUpgrade(fields: Fields, protocol: string | undefined): Fields {
  const added: string[] = [];
  if (!hasOption(fields, 'upgrade')) added.push('Connection', 'Upgrade');
  if (protocol !== undefined && !fields.has('upgrade')) added.push('Upgrade', protocol);
  return added.length === 0 ? fields : new Fields([...fields.raw, ...added]);
}

/** `protocol-name ["/" protocol-version]`, both tokens. */
function isProtocol(text: string): boolean {
  const slash = text.indexOf('/');
  return slash < 0
    ? isToken(text)
    : isToken(text.slice(0, slash)) && isToken(text.slice(slash + 1));
}

function hasOption(fields: Fields, option: string): boolean {
  return fields
    .getAll('connection')
    .some((value) => value.split(',').some((one) => one.trim().toLowerCase() === option));
}
