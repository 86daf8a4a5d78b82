import { isIPv4, isIPv6, type Socket } from 'node:net';

/** The version of the PROXY protocol by which an origin is told whom a connection is made for. */
export type ProxyProtocol = 'v1' | 'v2';

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const LOCAL = Buffer.concat([SIGNATURE, Buffer.from([0x20, 0, 0, 0])]);
const UNKNOWN = Buffer.from('PROXY UNKNOWN\r\n', 'latin1');

/**
 * Writes the header with which a connection to an origin begins. As where it was made to, it tells
 * where it goes: the origin's own address.
 *
 * @param peer the client, as `ADDRESS:PORT`; one without an address is told of as unknown.
 * @param to where the connection goes.
 */
export function formatProxyHeader(
  version: ProxyProtocol,
  peer: string | undefined,
  to: Pick<Socket, 'remoteAddress' | 'remotePort'>,
): Buffer {
  const from = parts(peer);
  const target = parts(`${to.remoteAddress}:${to.remotePort}`);
  if (from === undefined || target === undefined) return version === 'v1' ? UNKNOWN : LOCAL;
  const isShort = isIPv4(from.address) && isIPv4(target.address);
  const source = isShort ? from.address : asIPv6(from.address);
  const destination = isShort ? target.address : asIPv6(target.address);
  if (version === 'v1') {
    const family = isShort ? 'TCP4' : 'TCP6';
    const line = `PROXY ${family} ${source} ${destination} ${from.port} ${target.port}\r\n`;
    return Buffer.from(line, 'latin1');
  }
  const addresses = [source, destination].map(isShort ? ipv4Bytes : ipv6Bytes);
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(from.port, 0);
  ports.writeUInt16BE(target.port, 2);
  const rest = Buffer.concat([...addresses, ports]);
  const head = Buffer.from([0x21, isShort ? 0x11 : 0x21, 0, rest.length]);
  return Buffer.concat([SIGNATURE, head, rest]);
}

function parts(peer: string | undefined): { address: string; port: number } | undefined {
  const found = /^\[?([0-9A-Fa-f:.]+)(?:%[^\]]*)?\]?:(\d{1,5})$/.exec(peer ?? '');
  const address = (found?.[1] ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
  const port = Number(found?.[2]);
  return isIPv4(address) || isIPv6(address) ? { address, port } : undefined;
}

function asIPv6(address: string): string {
  return isIPv4(address) ? `::ffff:${address}` : address;
}

function ipv4Bytes(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

function ipv6Bytes(address: string): Buffer {
  const full = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [left = '', right] = full.split('::');
  const before = groupsOf(left);
  const after = groupsOf(right ?? '');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  const bytes = Buffer.alloc(16);
  for (const [i, group] of [...before, ...zeros, ...after].entries()) {
    bytes.writeUInt16BE(group, i * 2);
  }
  return bytes;
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
