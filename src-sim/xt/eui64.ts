import { addressBytes } from '../net/bytes';
import { defineMatch, leaves, mismatch, same, takes } from './define';

export const eui64 = defineMatch({
  name: 'eui64',
  families: ['ipv6'],
  summary: 'The lower half of the source address is made of the MAC address that sent it (RFC 4291, appendix A).',
  kernel: 'net/ipv6/netfilter/ip6t_eui64.c:eui64_mt6',
  hooks: ['PREROUTING', 'INPUT', 'FORWARD'],
  options: {},
  examples: [
    same('-m eui64'),
    takes('-m eui64', 'in eth0 udp [2001:db8::ff:fe00:2]:4000 > [2001:db8:1::2]:53'),
    leaves('-m eui64', 'in eth0 udp [2001:db8::7]:4000 > [2001:db8:1::2]:53'),
  ],
  matches(packet, _given, { macSource }) {
    if (macSource === undefined) return mismatch('', 'no MAC address sent the packet');
    const expected = interfaceId(macSource);
    const actual = addressBytes(packet.src).subarray(8);
    return expected.every((byte, index) => byte === actual[index]) || mismatch('', `${macSource} sent ${packet.src}`);
  },
});

/** ff:fe is put into the middle, and the bit turned over that says who gave the address. */
function interfaceId(mac: string): readonly number[] {
  const [first = 0, second = 0, third = 0, ...rest] = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  return [first ^ 0x02, second, third, 0xff, 0xfe, ...rest];
}
