import ipaddr from 'ipaddr.js';

export type Address = ipaddr.IPv4 | ipaddr.IPv6;
export type Network = readonly [Address, number];

/**
 * Addresses where clouds hand out credentials, and one on a public range (Azure's wire server).
 * They stay closed whatever an operator opens: nothing that a tenant names has business there.
 */
const metadataAddresses: ReadonlySet<string> = new Set(
  [
    '169.254.169.254', // AWS, GCP, Azure and most others
    '169.254.170.2', // AWS ECS task credentials
    '169.254.170.23', // AWS EKS pod identity
    '169.254.0.23', // Tencent
    '169.254.42.42', // Scaleway
    '100.100.100.200', // Alibaba
    '192.0.0.192', // Oracle
    '168.63.129.16', // Azure
    'fd00:ec2::254', // AWS over IPv6
    'fd00:ec2::23', // AWS EKS pod identity over IPv6
    'fd20:ce::254', // GCP over IPv6
    'fd00:42::42', // Scaleway over IPv6
  ].map((text) => ipaddr.parse(text).toString()),
);

// All of today's global unicast space (RFC 4291 §2.4); the rest of IPv6 is special or unassigned.
const globalUnicast: Network = ipaddr.parseCIDR('2000::/3');

/** Whether the address, or an IPv4 address inside it, is a cloud's metadata service. */
export function isMetadataAddress(address: Address): boolean {
  return [address, ...embeddedIpv4(address)].some((each) => metadataAddresses.has(withoutZone(each)));
}

/** Whether the address is an ordinary one of the public Internet; a wrapped IPv4 address is judged by what it wraps. */
export function isPublicAddress(address: Address): boolean {
  const embedded = embeddedIpv4(address);
  if (embedded.length > 0) return embedded.every((each) => isPublicAddress(each));
  return address.range() === 'unicast' && (address.kind() === 'ipv4' || isInNetwork(address, globalUnicast));
}

export function isInNetwork(address: Address, [network, prefixLength]: Network): boolean {
  return address.kind() === network.kind() && address.match(network, prefixLength);
}

/** The IPv4 addresses that a gateway on the way, or the kernel, would take out of an IPv6 address. */
export function embeddedIpv4(address: Address): readonly ipaddr.IPv4[] {
  if (!('parts' in address)) return [];
  const bytes = address.toByteArray();
  const at = (...positions: readonly number[]) => new ipaddr.IPv4(positions.map((position) => bytes[position] ?? 0));
  const range: string = address.range(); // the package's types name only some of its ranges
  switch (range) {
    case 'ipv4Mapped': // ::ffff:a.b.c.d
    case 'rfc6145': // ::ffff:0:a.b.c.d
      return [at(12, 13, 14, 15)];
    case 'rfc6052': // NAT64: 64:ff9b::/96, and 64:ff9b:1::/48 whose prefix may end at any of RFC 6052's places
      return bytes[5] === 0
        ? [at(12, 13, 14, 15)]
        : [at(12, 13, 14, 15), at(6, 7, 9, 10), at(7, 9, 10, 11), at(9, 10, 11, 12)];
    case '6to4':
      return [at(2, 3, 4, 5)];
    case 'teredo': // the server as it is, the client with all bits turned (RFC 4380 §4)
      return [at(4, 5, 6, 7), new ipaddr.IPv4(bytes.slice(12).map((byte) => byte ^ 0xff))];
    default: // ::a.b.c.d and ISATAP's …:0:5efe:a.b.c.d (RFC 5214 §6.1), deprecated, still understood by some stacks
      return bytes.slice(0, 12).every((byte) => byte === 0) || isIsatap(bytes) ? [at(12, 13, 14, 15)] : [];
  }
}

function isIsatap(bytes: readonly number[]): boolean {
  const [first = 0, ...others] = bytes.slice(8, 12);
  return (first & 0xfd) === 0 && others[0] === 0 && others[1] === 0x5e && others[2] === 0xfe;
}

function withoutZone(address: Address): string {
  return address.toString().split('%', 1).join('');
}
