import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { createUrlGuard } from '../../../../src/upstreams/guarded-http/url-guard.ts';

const strict = createUrlGuard({ allowHttp: false, allowNetworks: [] });
const openToAll = createUrlGuard({ allowHttp: true, allowNetworks: ['0.0.0.0/0', '::/0'] });

const metadata = [
  '169.254.169.254',
  '100.100.100.200',
  '192.0.0.192',
  '169.254.170.2',
  '168.63.129.16',
  'fd00:ec2::254',
  '::ffff:169.254.169.254',
  '::169.254.169.254',
  '::ffff:0:169.254.169.254',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::a9fe:a9fe',
  '64:ff9b:1:a9fe:a9:fe00::',
  '2002:a9fe:a9fe::1',
  '2001:0:a9fe:a9fe::1',
  '2001:0:0808:0808:0:0:5601:5601',
  '64:ff9b::6464:64c8',
];

describe('a URL that a tenant gives', () => {
  it.each([
    'https://example.com/hook?a=1',
    'https://example.com:8443/',
    'https://93.184.216.34/',
    'https://[2606:4700::1111]/',
    'https://bücher.example/',
    'https://[64:ff9b::8.8.8.8]/',
    'https://[2002:808:808::1]/',
    'https://[::ffff:8.8.8.8]/',
  ])('is accepted: %s', (url) => {
    expect(strict.checkUrl(url)).toEqual({ ok: true, url: new URL(url) });
  });

  it.each([
    ['plain http', 'http://example.com/'],
    ['another scheme', 'ftp://example.com/'],
    ['a file', 'file:///etc/passwd'],
    ['a data URI', 'data:text/plain,hello'],
    ['a relative URL', '/hook'],
    ['nothing', ''],
    ['a user name', 'https://someone@example.com/'],
    ['a user name that looks like the host', 'https://example.com@127.0.0.1/'],
    ['a password', 'https://:secret@example.com/'],
    ['port 0', 'https://example.com:0/'],
    ['a mail port', 'https://example.com:25/'],
    ['a port that is none', 'https://example.com:99999/'],
    ['a trailing dot on a name', 'https://example.com./'],
    ['a trailing dot on an address', 'https://127.0.0.1./'],
    ['a bare dot', 'https://./'],
    ['more than 2048 characters', `https://example.com/${'a'.repeat(2048)}`],
    ['localhost', 'https://localhost/'],
    ['localhost in capitals', 'https://LOCALHOST/'],
    ['a name under localhost', 'https://a.localhost/'],
    ['loopback', 'https://127.0.0.1/'],
    ['loopback elsewhere in 127/8', 'https://127.9.9.9/'],
    ['a decimal address', 'https://2130706433/'],
    ['an octal address', 'https://0177.0.0.1/'],
    ['a hexadecimal address', 'https://0x7f000001/'],
    ['hexadecimal parts', 'https://0x7f.0x0.0x0.0x1/'],
    ['a short address', 'https://127.1/'],
    ['a mixed short address', 'https://0x7f.1/'],
    ['a percent-encoded address', 'https://%31%32%37.0.0.1/'],
    ['full-width digits', 'https://１２７.0.0.1/'],
    ['enclosed digits', 'https://①②⑦.0.0.1/'],
    ['ideographic full stops', 'https://127。0。0。1/'],
    ['zero', 'https://0/'],
    ['this network', 'https://0.0.0.0/'],
    ['private 10/8', 'https://10.1.2.3/'],
    ['private 172.16/12', 'https://172.31.255.255/'],
    ['private 192.168/16', 'https://192.168.0.1/'],
    ['carrier-grade NAT', 'https://100.64.0.1/'],
    ['link-local', 'https://169.254.1.1/'],
    ['protocol assignments', 'https://192.0.0.8/'],
    ['documentation', 'https://203.0.113.7/'],
    ['benchmarking', 'https://198.18.0.1/'],
    ['6to4 relays', 'https://192.88.99.1/'],
    ['multicast', 'https://224.0.0.1/'],
    ['reserved', 'https://250.0.0.1/'],
    ['broadcast', 'https://255.255.255.255/'],
    ['IPv6 loopback', 'https://[::1]/'],
    ['IPv6 unspecified', 'https://[::]/'],
    ['mapped loopback', 'https://[::ffff:127.0.0.1]/'],
    ['mapped loopback in hexadecimal', 'https://[::ffff:7f00:1]/'],
    ['compatible loopback', 'https://[::127.0.0.1]/'],
    ['translated loopback', 'https://[::ffff:0:127.0.0.1]/'],
    ['NAT64 of a private address', 'https://[64:ff9b::10.0.0.1]/'],
    ['local NAT64', 'https://[64:ff9b:1::10.0.0.1]/'],
    ['6to4 of loopback', 'https://[2002:7f00:1::1]/'],
    ['Teredo of a private client', 'https://[2001:0:808:808:0:0:f5ff:fffe]/'],
    ['unique local', 'https://[fd12::1]/'],
    ['IPv6 link-local', 'https://[fe80::1]/'],
    ['site-local', 'https://[fec0::1]/'],
    ['IPv6 multicast', 'https://[ff02::1]/'],
    ['IPv6 documentation', 'https://[2001:db8::1]/'],
    ['new IPv6 documentation', 'https://[3fff::1]/'],
    ['discard', 'https://[100::1]/'],
    ['segment routing', 'https://[5f00::1]/'],
    ['unassigned IPv6', 'https://[4000::1]/'],
  ])('is refused with a sentence when it has %s', (_case, url) => {
    expect(strict.checkUrl(url)).toEqual({ ok: false, reason: expect.stringMatching(/^(The|Port) .*\.$/) });
  });

  it('never has its password in the refusal', () => {
    const verdict = strict.checkUrl('https://user:hunter2@example.com/');
    expect(verdict.ok ? '' : verdict.reason).toMatch(/user name or a password/);
    expect(JSON.stringify(verdict)).not.toContain('hunter2');
  });

  it('may be http where the operator allows it', () => {
    const guard = createUrlGuard({ allowHttp: true, allowNetworks: [] });
    expect(guard.checkUrl('http://example.com/').ok).toBe(true);
    expect(guard.checkUrl('http://127.0.0.1/').ok).toBe(false);
  });
});

describe('a network that the operator opens', () => {
  const guard = createUrlGuard({ allowHttp: true, allowNetworks: ['127.0.0.0/8', 'fd00::/8'] });

  it.each(['http://127.0.0.1:3000/', 'http://[::ffff:127.0.0.1]/', 'http://localhost:3000/', 'http://[fd12::1]/'])(
    'admits %s',
    (url) => {
      expect(guard.checkUrl(url).ok).toBe(true);
    },
  );

  it.each(['http://10.0.0.1/', 'http://[::1]/', 'http://[fe80::1]/', 'http://[fd00:ec2::254]/'])(
    'keeps %s shut',
    (url) => {
      expect(guard.checkUrl(url).ok).toBe(false);
    },
  );

  it.each(metadata)('never opens the metadata address %s', (address) => {
    expect(openToAll.isAddressAllowed('10.0.0.1')).toBe(true);
    expect(openToAll.isAddressAllowed(address)).toBe(false);
    expect(openToAll.checkUrl(`http://${address.includes(':') ? `[${address}]` : address}/`).ok).toBe(false);
  });

  it.each(['10.0.0.0', '10.0.0.0/33', '10/8', 'localhost/8', '', 'fd00::/129', '10.0.0.0/8,127.0.0.0/8'])(
    'is refused at start when it reads "%s"',
    (network) => {
      expect(() => createUrlGuard({ allowHttp: false, allowNetworks: [network] })).toThrow(
        `"${network}" is not a network in CIDR notation`,
      );
    },
  );
});

describe('an address about to be dialled', () => {
  it.each(['', 'example.com', '127.1', '0x7f000001', '1.2.3.4.5', '8.8.8.8:80', '[::1]'])(
    'is refused when it is not one: "%s"',
    (text) => {
      expect(openToAll.isAddressAllowed(text)).toBe(false);
    },
  );

  it('is judged without its zone', () => {
    expect(strict.isAddressAllowed('fe80::1%eth0')).toBe(false);
    expect(openToAll.isAddressAllowed('fd00:ec2::254%eth0')).toBe(false);
  });

  it('gets the same verdict plain and wrapped in IPv6', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
        const high = (a * 256 + b).toString(16);
        const low = (c * 256 + d).toString(16);
        const plain = strict.isAddressAllowed(address);
        for (const wrapped of [`::ffff:${address}`, `64:ff9b::${address}`, `2002:${high}:${low}::1`]) {
          expect(strict.isAddressAllowed(wrapped)).toBe(plain);
        }
      }),
    );
  });
});
