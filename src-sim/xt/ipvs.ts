import { hostNetwork } from './address-types';
import { defineMatch, fails, option, same, saved } from './define';
import { protocol } from './protocol-type';
import { flag, keyword, uint16 } from './value-types';

const DIRECTIONS = [
  { text: 'ORIGINAL', summary: 'from the client' },
  { text: 'REPLY', summary: 'from the real server' },
] as const;

const METHODS = [
  { text: 'GATE', summary: 'direct routing' },
  { text: 'IPIP', summary: 'tunnel' },
  { text: 'MASQ', summary: 'NAT' },
] as const;

const serviceProtocol = { ...protocol, print: (value: number) => [String(value)] };

export const ipvs = defineMatch({
  name: 'ipvs',
  families: ['ipv4', 'ipv6'],
  summary: "The packet belongs to a connection of the kernel's load balancer (LVS).",
  details: [
    'IPVS takes packets at the end of INPUT and sends them on through OUTPUT and POSTROUTING: that is where they',
    'match, and where `--vaddr` and `--vport` still tell what the client asked for.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_ipvs.c:ipvs_mt',
  anyOf: [['ipvs', 'vproto', 'vaddr', 'vport', 'vdir', 'vmethod', 'vportctl']],
  options: {
    ipvs: option(flag, 'Some connection of IPVS.', { invert: true }),
    vproto: option(serviceProtocol, 'Protocol of the virtual service.', { invert: true }),
    vaddr: option(hostNetwork, 'Address of the virtual service.', { invert: true }),
    vport: option(uint16, 'Port of the virtual service.', { invert: true }),
    vdir: option(keyword('direction', DIRECTIONS), 'Direction of the packet in its connection.'),
    vmethod: option(keyword('forwarding method', METHODS), 'How the connection is forwarded.', { invert: true }),
    vportctl: option(uint16, 'Port of the connection that announced this one: 21 for FTP.', { invert: true }),
  },
  examples: [
    same('-m ipvs --ipvs'),
    saved(
      '-m ipvs --vproto tcp ! --vaddr 203.0.113.10 --vport 80',
      '-m ipvs --vproto 6 ! --vaddr 203.0.113.10 --vport 80',
    ),
    fails('-m ipvs', 'at least one'),
    fails('-m ipvs --vmethod NAT', 'none of'),
  ],
  matches: () => ({ kind: 'unsure', reason: 'whether IPVS has a connection for it is not known here' }),
});
