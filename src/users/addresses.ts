import { BlockList, isIP, isIPv6 } from 'node:net';
import { list, where } from '../fields.ts';

/** Whether an address is in a list of addresses and blocks. */
export type AddressList = (address: string) => boolean;

/** An IP address, or a block of them in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3). */
export const addressOrBlock = where<string>(
  { type: 'IP address or block', plural: 'IP addresses and blocks' },
  value => typeof value === 'string' && isAddressOrBlock(value),
  'must be an address or a block of them such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32',
);

/** How a service is told of the proxies before it. */
export const trustedProxies = {
  is: list(addressOrBlock),
  default: [],
  means: 'Addresses and blocks (`10.0.0.0/8`) of the proxies in front that are believed where a request comes from.',
} as const;

/** An IPv4 address inside of an IPv6 one would never be met: addresses are compared in their plain form. */
function isAddressOrBlock(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0 || address.includes('%') || isIP(plainAddress(address)) !== version)
    return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/** Makes a list of entries as {@link addressOrBlock} takes them. */
export function addressList(entries: readonly string[]): AddressList {
  const blocks = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    if (bits === undefined) blocks.addAddress(address, familyOf(address));
    else blocks.addSubnet(address, Number(bits), familyOf(address));
  }
  return given => {
    const address = plainAddress(given);
    return entries.length > 0 && isIP(address) !== 0 && blocks.check(address, familyOf(address));
  };
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}

/**
 * An address in the one form that it has here: without the zone of an interface, an IPv6 address as RFC 5952 writes it,
 * and an IPv4 address that a socket of both versions, or a proxy, shows as IPv6 (RFC 4291 §2.5.5.2) as it is.
 */
export function plainAddress(address: string): string {
  const [bare = ''] = address.split('%', 1);
  if (!isIPv6(bare)) return bare;
  const written = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(written) ?? [];
  return high === undefined || low === undefined ? written : [...octetsOf(high), ...octetsOf(low)].join('.');
}

function octetsOf(group: string): readonly number[] {
  const value = Number.parseInt(group, 16);
  return [value >> 8, value & 0xff];
}

/** What is counted as one address: an IPv4 address, or the 64 bits of an IPv6 address that one site has. */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const [front, back] = [groupsOf(head), groupsOf(tail ?? '')];
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - front.length - back.length }, () => '0');
  return [...front, ...zeros, ...back]
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':');
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':');
}
