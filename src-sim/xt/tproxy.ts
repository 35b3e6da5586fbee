import { destinationPort } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import { hostAddress } from './address-types';
import { defineTarget, fails, given as gives, option, same, saved } from './define';
import { markChange } from './mark-types';
import { uint16 } from './value-types';

export const TPROXY = defineTarget({
  name: 'TPROXY',
  families: ['ipv4', 'ipv6'],
  protocols: [PROTOCOL.tcp, PROTOCOL.udp],
  summary: 'Hands the packet to a transparent proxy on this host, without rewriting its addresses.',
  details: [
    'The mark has to send the packet to this host: `ip rule add fwmark 1 lookup 100`, `ip route add local default',
    'dev lo table 100`. Unlike after REDIRECT, INPUT sees the original destination and port.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_TPROXY.c:tproxy_tg4_v1',
  tables: ['mangle'],
  hooks: ['PREROUTING'],
  options: {
    'on-port': option(uint16, 'Port of the proxy; 0: that of the packet.', { required: true }),
    'on-ip': option(hostAddress, 'Address of the proxy; by default that of the interface.'),
    'tproxy-mark': option(markChange, '`VALUE[/MASK]`: the mark that the packet gets.'),
  },
  examples: [
    saved('-p tcp -j TPROXY --on-port 50080', '-p tcp -j TPROXY --on-port 50080 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0'),
    same('-p udp -j TPROXY --on-port 50080 --on-ip 1.1.1.1 --tproxy-mark 0x1/0x1'),
    fails('-j TPROXY --on-port 50080', 'needs -p tcp'),
    fails('-p tcp -j TPROXY --tproxy-mark 1', 'required'),
  ],
  canonical(given, family) {
    return {
      ...given,
      'on-ip': given['on-ip'] ?? gives(family === 'ipv4' ? '0.0.0.0' : '::'),
      'tproxy-mark': given['tproxy-mark'] ?? gives({ value: 0, mask: 0 }),
    };
  },
  prepare(_given, world) {
    world.gatherFragments();
    return undefined;
  },
  apply(packet, given, world) {
    const port = given['on-port'].value || (destinationPort(packet) ?? 0);
    const listens = world.hasProxy(packet.protocol, port);
    if (!listens) {
      const reason = `no transparent socket of this host listens on port ${port} ("tcp/${port} transparent")`;
      return { kind: 'verdict', verdict: 'DROP', reason };
    }
    const { value, mask } = given['tproxy-mark']?.value ?? { value: 0, mask: 0 };
    world.setMark((world.mark & ~mask) ^ value);
    world.assignSocket(port);
    return { kind: 'verdict', verdict: 'ACCEPT', reason: `the proxy on port ${port} has the packet` };
  },
  effect: () => ({ kind: 'end' }),
});
