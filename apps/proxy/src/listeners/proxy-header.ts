import { isIPv4, isIPv6 } from 'node:net';

/** What a header of the PROXY protocol says. */
export interface ProxyHeader {
  /** How long it is; what stands behind it is the client's. */
  readonly bytes: number;
  /**
   * Whom the connection is made for, as `ADDRESS:PORT` or `unix`; undefined when the peer speaks for
   * itself (`LOCAL`) or does not know.
   */
  readonly peer: string | undefined;
}

/** Most bytes of a header of version 1, with its CRLF (PROXY protocol, section 2.1). */
const MAX_V1 = 107;
/** Most bytes behind the first 16 of version 2: addresses and what is told beside them. */
const MAX_V2 = 2048;
const V1 = Buffer.from('PROXY ', 'latin1');
const V2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const V2_HEAD = 16;
const PORT = /^(?:0|[1-9]\d{0,4})$/;
/** Bytes of the addresses by their family: none, IPv4, IPv6, unix. */
const ADDRESS_BYTES = [0, 12, 36, 216];

/**
 * Reads the header with which a connection begins: version 1 or 2 of the PROXY protocol. Strict:
 * one space between words, addresses of the family that is named, ports without leading zeros, every
 * length within the one that holds it.
 *
 * @param bytes what came so far.
 * @returns `partial` while more may make it a header, `wrong` when nothing can.
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader | 'partial' | 'wrong' {
  if (begins(bytes, V2)) return bytes.length < V2_HEAD ? partialHead(bytes) : binary(bytes);
  if (begins(bytes, V1)) return bytes.length < V1.length ? 'partial' : text(bytes);
  return 'wrong';
}

/** Whether what there is agrees with the beginning of a text. */
function begins(bytes: Buffer, expected: Buffer): boolean {
  const length = Math.min(bytes.length, expected.length);
  return bytes.compare(expected, 0, length, 0, length) === 0;
}

function text(bytes: Buffer): ProxyHeader | 'partial' | 'wrong' {
  const end = bytes.subarray(0, MAX_V1).indexOf('\r\n');
  if (end < 0) return bytes.length < MAX_V1 ? 'partial' : 'wrong';
  const line = bytes.toString('latin1', V1.length, end);
  const header = { bytes: end + 2, peer: undefined };
  // What stands behind UNKNOWN is to be ignored.
  if (line === 'UNKNOWN' || line.startsWith('UNKNOWN ')) return header;
  const [family, from = '', to = '', fromPort = '', toPort = '', ...more] = line.split(' ');
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : undefined;
  if (isAddress === undefined || more.length > 0) return 'wrong';
  if (!isAddress(from) || !isAddress(to) || `${from}${to}`.includes('%')) return 'wrong';
  if (!isPort(fromPort) || !isPort(toPort)) return 'wrong';
  return { ...header, peer: `${from}:${fromPort}` };
}

function isPort(word: string): boolean {
  return PORT.test(word) && Number(word) <= 0xffff;
}

function partialHead(bytes: Buffer): 'partial' | 'wrong' {
  return bytes.length > V2.length && kindOf(bytes) === undefined ? 'wrong' : 'partial';
}

/** Command and family of version 2, as far as they came; undefined when one is none of the standard's. */
function kindOf(bytes: Buffer): { isLocal: boolean; family: number } | undefined {
  const command = bytes[V2.length] ?? 0x20;
  const kind = bytes[V2.length + 1] ?? 0;
  if (command !== 0x20 && command !== 0x21) return undefined;
  const family = kind >> 4;
  const transport = kind & 0x0f;
  if (family > 3 || transport > 2) return undefined;
  return { isLocal: command === 0x20, family };
}

function binary(bytes: Buffer): ProxyHeader | 'partial' | 'wrong' {
  const kind = kindOf(bytes);
  if (kind === undefined) return 'wrong';
  const { isLocal, family } = kind;
  const length = bytes.readUInt16BE(V2_HEAD - 2);
  const addresses = isLocal ? 0 : (ADDRESS_BYTES[family] ?? 0);
  if (length > MAX_V2 || length < addresses) return 'wrong';
  const end = V2_HEAD + length;
  if (bytes.length < end) return 'partial';
  const header = { bytes: end, peer: undefined };
  // The rest of a local one is to be ignored.
  if (isLocal) return header;
  if (!areVectors(bytes.subarray(V2_HEAD + addresses, end))) return 'wrong';
  return { ...header, peer: peerOf(family, bytes.subarray(V2_HEAD, V2_HEAD + addresses)) };
}

function peerOf(family: number, addresses: Buffer): string | undefined {
  switch (family) {
    case 1:
      return `${addresses.subarray(0, 4).join('.')}:${addresses.readUInt16BE(8)}`;
    case 2:
      return `${ipv6(addresses.subarray(0, 16))}:${addresses.readUInt16BE(32)}`;
    case 3:
      return 'unix';
    default:
      return undefined;
  }
}

/** In the usual short form, which fields and logs show. */
function ipv6(address: Buffer): string {
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(address.readUInt16BE(i).toString(16));
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

/** Whether bytes are a whole number of what the standard calls type-length-value vectors. */
function areVectors(bytes: Buffer): boolean {
  let at = 0;
  while (at < bytes.length) {
    if (at + 3 > bytes.length) return false;
    at += 3 + bytes.readUInt16BE(at + 1);
  }
  return at === bytes.length;
}
