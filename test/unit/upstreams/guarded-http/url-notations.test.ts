import { describe, expect, it } from 'vitest';
import { createUrlGuard } from '../../../../src/upstreams/guarded-http/url-guard.ts';

const guard = createUrlGuard({ allowHttp: false, allowNetworks: [] });
const isAllowed = (url: string) => guard.checkUrl(url).ok;

/** First and last addresses of what is closed (IANA special-purpose registries), with neighbours that are open; null = none. */
const ranges: readonly [network: string, first: string, last: string, before: string | null, after: string | null][] = [
  ['0.0.0.0/8', '0.0.0.0', '0.255.255.255', null, '1.0.0.0'],
  ['10.0.0.0/8', '10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
  ['100.64.0.0/10', '100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
  ['127.0.0.0/8', '127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
  ['169.254.0.0/16', '169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
  ['172.16.0.0/12', '172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
  ['192.0.0.0/24', '192.0.0.0', '192.0.0.255', '191.255.255.255', '192.0.1.0'],
  ['192.0.2.0/24', '192.0.2.0', '192.0.2.255', '192.0.1.255', '192.0.3.0'],
  ['192.88.99.0/24', '192.88.99.0', '192.88.99.255', '192.88.98.255', '192.88.100.0'],
  ['192.168.0.0/16', '192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
  ['198.18.0.0/15', '198.18.0.0', '198.19.255.255', '198.17.255.255', '198.20.0.0'],
  ['198.51.100.0/24', '198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'],
  ['203.0.113.0/24', '203.0.113.0', '203.0.113.255', '203.0.112.255', '203.0.114.0'],
  ['224.0.0.0/4 and 240.0.0.0/4', '224.0.0.0', '255.255.255.255', '223.255.255.255', null],
  ['::/3', '::', '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null, null],
  ['100::/64', '100::', '100::ffff:ffff:ffff:ffff', null, null],
  ['2001:2::/48', '2001:2::', '2001:2:0:ffff:ffff:ffff:ffff:ffff', null, null],
  ['2001:10::/28', '2001:10::', '2001:1f:ffff:ffff:ffff:ffff:ffff:ffff', null, null],
  ['2001:db8::/32', '2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db7::', '2001:db9::'],
  ['3fff::/20', '3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff', '3ffe::', '3fff:1000::'],
  ['4000::/2', '4000::', '7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null, null],
  ['5f00::/16', '5f00::', '5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null, null],
  ['fc00::/7', 'fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null, null],
  ['fe80::/10', 'fe80::', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null, null],
  ['fec0::/10', 'fec0::', 'feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null, null],
  ['ff00::/8', 'ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null, null],
];

describe('the range', () => {
  it.each(ranges)('%s is closed to its ends, and no further', (_network, first, last, before, after) => {
    const judge = (addresses: readonly (string | null)[]) =>
      addresses.filter((each) => each !== null).map((each) => [each, guard.isAddressAllowed(each)]);
    expect(judge([first, last])).toEqual([first, last].map((each) => [each, false]));
    expect(judge([before, after]).filter(([, isOpen]) => isOpen === false)).toEqual([]);
  });
});

/** 127.0.0.1 and 169.254.169.254 as parsers, stacks and gateways read them. */
const notations: readonly string[] = [
  '127.0.0.0x1',
  '0x7F.1',
  '0177.1',
  '00000177.0.0.1',
  '017700000001',
  '0x7f000001',
  '0x00000000007f000001',
  '127.0.1',
  '127.1.',
  '0xa9fea9fe',
  '2852039166',
  '0251.0376.0251.0376',
  '169.16689662',
  '127%2e0%2e0%2e1',
  '127%2E1',
  '%6c%6f%63alhost',
  'ｌｏｃａｌｈｏｓｔ',
  'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ',
  'loc\u00adalhost',
  '１２７．０．０．１',
  '127｡0｡0｡1',
  '127.0.0.1\t',
  '127\n.0.0.1',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[0000:0000:0000:0000:0000:0000:0000:0001]',
  '[::FFFF:7F00:0001]',
  '[0:0:0:0:0:ffff:7f00:1]',
  '[::ffff:169.254.169.254]',
  '[::7f00:1]',
  '[::ffff:0:7f00:1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b::a9fe:a9fe]',
  '[64:ff9b:1:7f00:0:100::]',
  '[64:ff9b:1:0:7f:0:100:0]',
  '[64:ff9b:1::7f00:1]',
  '[2002:7f00:1::]',
  '[2002:a9fe:a9fe::a9fe:a9fe]',
  '[2001:0:7f00:1::]',
  '[2001:0:808:808:0:0:80ff:fffe]',
  '[2001:470::5efe:127.0.0.1]',
  '[2001:470::200:5efe:a9fe:a9fe]',
  // No notation of anything, for a parser that is as strict as ours; others strip or read on.
  '[fe80::1%25eth0]',
  '[fe80::1%eth0]',
  '[::1%25lo]',
  '[::ffff:0x7f000001]',
  '[::127.1]',
  '4294967297',
  '0x100000000',
  '127.0.0.1.1',
  '%2531%2532%2537.0.0.1',
  '127.0.0.1%00.example.com',
  '127.0.0.1%20',
  '127.0.0.1%23.example.com',
];

describe('a host', () => {
  it.each(notations)('is closed as %s, with a port and without', (host) => {
    expect([isAllowed(`https://${host}/`), isAllowed(`https://${host}:8443/hook`)]).toEqual([false, false]);
  });

  it.each([
    'https:127.0.0.1',
    'https:/127.0.0.1/',
    'https:\\\\127.0.0.1\\',
    'https:////127.0.0.1',
    ' https://127.0.0.1 ',
  ])('is found where the slashes are odd: %s', (url) => {
    expect(isAllowed(url)).toBe(false);
  });

  it.each([
    ['https://example.com\\@127.0.0.1/', 'example.com'],
    ['https://example.com#@127.0.0.1/', 'example.com'],
    ['https://example.com?@127.0.0.1/', 'example.com'],
    ['https://example.com/\t@127.0.0.1/', 'example.com'],
  ])('is the one that is dialled: %s', (url, hostname) => {
    expect(guard.checkUrl(url)).toMatchObject({ ok: true, url: { hostname } });
  });
});
