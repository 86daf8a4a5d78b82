import type { Random } from './random.ts';

const HEX = '0123456789abcdef';
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** `length` hexadecimal digits, 4 bits of entropy each. */
export function hex(random: Random, length: number): string {
  return characters(random, HEX, length);
}

/** `length` characters of base64url, 6 bits of entropy each: session tokens, signatures, buyer ids. */
export function token(random: Random, length: number): string {
  return characters(random, BASE64URL, length);
}

/** A version 4 UUID in lower case with its full 122 bits of entropy. */
export function uuid(random: Random): string {
  const digits = hex(random, 30);
  const variant = random.pick(['8', '9', 'a', 'b']);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(12, 15)}-${variant}${digits.slice(15, 18)}-${digits.slice(18)}`;
}

/** A public-looking IPv4 address; 30 bits of entropy. */
export function ipv4(random: Random): string {
  const first = random.pick([31, 37, 46, 62, 77, 78, 80, 82, 84, 86, 89, 91, 93, 109, 151, 176]);
  return `${first}.${random.int(0, 255)}.${random.int(0, 255)}.${random.int(1, 254)}`;
}

/** An IPv6 address of a mobile network: one of a few prefixes and 64 random bits. */
export function ipv6(random: Random): string {
  const prefix = random.pick(['2a02:3030', '2a01:598', '2a00:20', '2a02:8109', '2003:c6']);
  const groups = Array.from({ length: 6 }, () => random.int(0, 0xffff).toString(16));
  return `${prefix}:${groups.join(':')}`;
}

function characters(random: Random, alphabet: string, length: number): string {
  let text = '';
  for (let i = 0; i < length; i += 1) text += alphabet[random.uint32() % alphabet.length];
  return text;
}
