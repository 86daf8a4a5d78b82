import { BlockList, isIP } from 'node:net';

/** What `isAddressRange` takes, for messages. */
export const RANGE_FORMS = 'ADDRESS or ADDRESS/BITS, IPv4 or IPv6';

/** Whether a text is an address, or a network in CIDR notation. */
export function isAddressRange(text: string): boolean {
  return parsed(text) !== undefined;
}

/**
 * Makes a test of addresses from a list of ranges. An IPv4 address that IPv6 carries
 * (`::ffff:10.0.0.1`) is the IPv4 address, on either side.
 *
 * @param ranges each passes `isAddressRange`.
 */
export function addressList(ranges: readonly string[]): (address: string | undefined) => boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const { address, bits, family } = parsed(range) ?? {};
    if (address !== undefined) list.addSubnet(address, bits ?? 0, family ?? 'ipv4');
  }
  return (address) => {
    if (address === undefined) return false;
    const plain = unmapped(withoutZone(address));
    const kind = isIP(plain);
    return kind !== 0 && list.check(plain, kind === 4 ? 'ipv4' : 'ipv6');
  };
}

function parsed(
  text: string,
): { address: string; bits: number; family: 'ipv4' | 'ipv6' } | undefined {
  const parts = /^([0-9A-Fa-f:.]+)(?:\/(\d{1,3}))?$/.exec(text);
  const given = parts?.[1] ?? '';
  const address = unmapped(given);
  const kind = isIP(address);
  if (kind === 0) return undefined;
  const most = kind === 4 ? 32 : 128;
  // The bits of a mapped network count from the beginning of the IPv6 address.
  const isMapped = kind === 4 && given.includes(':');
  const bits = parts?.[2] === undefined ? most : Number(parts[2]) - (isMapped ? 96 : 0);
  if (bits < 0 || bits > most) return undefined;
  return { address, bits, family: kind === 4 ? 'ipv4' : 'ipv6' };
}

function withoutZone(address: string): string {
  const zone = address.indexOf('%');
  return zone < 0 ? address : address.slice(0, zone);
}

function unmapped(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
