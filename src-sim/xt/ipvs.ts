import type { Attachment } from '../conntrack/entry';
import { inNetwork } from '../net/address';
import { hostNetwork } from './address-types';
import { compare, defineMatch, fails, leaves, type Mismatch, mismatch, option, same, saved, takes } from './define';
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
    'match, and where `--vaddr` and `--vport` still tell what the client asked for. `--vdir` asks conntrack, from which',
    'IPVS has taken them unless `net.ipv4.vs.conntrack` is 1.',
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
    fails('-m ipvs ! --ipvs --vport 80', 'alone'),
    leaves('-m ipvs --ipvs', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    takes('-m ipvs ! --ipvs', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    leaves('-m ipvs ! --vport 80', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    fails('-m ipvs --vmethod NAT', 'none of'),
  ],
  refuses: ({ ipvs: property, ...others }) =>
    property?.inverted && Object.values(others).some((one) => one !== undefined) ? '! --ipvs stands alone' : undefined,
  matches(packet, { ipvs: property, ...others }, world) {
    const { isFromIpvs } = world;
    const hasOthers = Object.values(others).some((one) => one !== undefined);
    if (property && !hasOthers)
      return compare('ipvs', property, isFromIpvs, () => `IPVS ${isFromIpvs ? 'sends' : 'does not send'} it on`);
    if (!isFromIpvs) return mismatch('', 'IPVS does not send the packet on');
    const isProtocol = packet.protocol === others.vproto?.value;
    const differs = others.vproto ? compare('vproto', others.vproto, isProtocol, () => 'it differs') : true;
    if (differs !== true) return differs;
    const found = world.findDirected(packet);
    if (found === undefined)
      return mismatch('', 'it goes to no real server: IPVS looks for the connection of a request');
    const { address, port, method, controlPort } = found;
    const isControlled = others.vportctl !== undefined && controlPort === others.vportctl.value;
    const answers = [
      others.vport ? compare('vport', others.vport, port === others.vport.value, () => `the port is ${port}`) : true,
      others.vportctl ? compare('vportctl', others.vportctl, isControlled, () => 'another announced it') : true,
      others.vdir === undefined || directionAnswer(others.vdir.value, world.conntrack),
      others.vmethod
        ? compare('vmethod', others.vmethod, others.vmethod.value === method, () => `it is ${method}`)
        : true,
      others.vaddr
        ? compare('vaddr', others.vaddr, inNetwork(address, others.vaddr.value), () => `it is ${address}`)
        : true,
    ];
    return answers.find((answer) => answer !== true) ?? true;
  },
});

function directionAnswer(wanted: string, attachment: Attachment | undefined): Mismatch | true {
  if (attachment?.kind !== 'tracked') return mismatch('vdir', 'IPVS has taken the packet out of conntrack');
  const direction = attachment.direction === 'reply' ? 'REPLY' : 'ORIGINAL';
  return wanted === direction || mismatch('vdir', `it is ${direction}`);
}
