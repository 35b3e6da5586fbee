import { hostNetwork } from './address-types';
import { defineMatch, fails, given as gives, leaves, mismatch, option, same, saved, takes } from './define';
import { protocol } from './protocol-type';
import { bad, flag, hex, keyword, uint32, unsigned } from './value-types';

const DIRECTIONS = [
  { text: 'in', summary: 'the policy that decrypted the packet' },
  { text: 'out', summary: 'the policy that will encrypt it' },
] as const;

const POLICIES = [
  { text: 'none', summary: 'no IPsec' },
  { text: 'ipsec', summary: 'IPsec' },
] as const;

const MODES = [
  { text: 'transport', summary: 'between the two hosts themselves' },
  { text: 'tunnel', summary: 'between two gateways' },
] as const;

const IPSEC_PROTOCOLS: readonly number[] = [50, 51, 108];

const ipsecProtocol: typeof protocol = {
  ...protocol,
  parse(words, family) {
    const read = protocol.parse(words, family);
    return read.ok && !IPSEC_PROTOCOLS.includes(read.value) ? bad('the protocol must be ah, esp or ipcomp') : read;
  },
  choices: ['esp', 'ah', 'ipcomp'].map((text) => ({ text, summary: `protocol ${text}` })),
};

const spi = unsigned('security parameter index', 0, 0xffff_ffff, hex);

export const policy = defineMatch({
  name: 'policy',
  families: ['ipv4', 'ipv6'],
  summary: 'Whether IPsec protects the packet, and how.',
  details: [
    'A decrypted packet passes the chains once more: `--dir in --pol ipsec` tells it from one that came in the',
    'clear. In POSTROUTING, `--dir out --pol none` keeps MASQUERADE away from what goes into a tunnel.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_policy.c:policy_mt',
  options: {
    dir: option(keyword('direction', DIRECTIONS), 'Which policy is looked at.', { required: true }),
    pol: option(keyword('policy', POLICIES), 'Whether there is one; `ipsec` by default.'),
    strict: option(flag, 'The elements are the whole policy, not only a part of it.'),
    reqid: option(uint32, 'Request id of the policy.', { invert: true }),
    spi: option(spi, 'Security parameter index of the association.', { invert: true }),
    proto: option(ipsecProtocol, 'How the packet is protected.', { invert: true }),
    mode: option(keyword('mode', MODES), 'Between which ends.', { invert: true }),
    'tunnel-dst': option(hostNetwork, 'Far end of the tunnel.', { invert: true }),
    'tunnel-src': option(hostNetwork, 'Near end of the tunnel.', { invert: true }),
  },
  examples: [
    same('-m policy --dir in --pol ipsec --strict --reqid 1 --proto esp --mode tunnel --tunnel-dst 2.2.2.2/24'),
    saved('-m policy --dir in', '-m policy --dir in --pol ipsec'),
    saved('-m policy --dir in --pol none --proto esp', '-m policy --dir in --pol none'),
    same('-m policy --dir in --pol ipsec --spi 0x10 ! --proto esp'),
    fails('-m policy --pol ipsec', 'required'),
    fails('-m policy --dir in --pol ipsec --mode transport --tunnel-src 1.1.1.1', 'tunnel mode'),
    fails('-m policy --dir in --pol ipsec --strict', 'an element'),
    fails('-m policy --dir in --pol ipsec --proto tcp', 'ah, esp or ipcomp'),
    takes('-m policy --dir in --pol none', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    leaves('-m policy --dir in --pol ipsec', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
  ],
  hooksFor(given) {
    return given.dir.value === 'in' ? ['PREROUTING', 'INPUT', 'FORWARD'] : ['FORWARD', 'OUTPUT', 'POSTROUTING'];
  },
  refuses(given) {
    if (given.pol?.value === 'none') return undefined;
    const { mode, strict, ...others } = given;
    const isTunnel = mode?.value === 'tunnel' && !mode.inverted;
    if ((given['tunnel-src'] ?? given['tunnel-dst']) && !isTunnel) return 'ends of a tunnel need tunnel mode';
    const elements = ELEMENTS.filter((name) => ({ ...others, mode })[name] !== undefined);
    return strict && elements.length === 0 ? '--strict needs an element to compare' : undefined;
  },
  canonical(given) {
    if (given.pol?.value === 'none') return { dir: given.dir, pol: given.pol };
    return { ...given, pol: given.pol ?? gives('ipsec') };
  },
  matches(_packet, given) {
    const wants = given.pol?.value ?? 'ipsec';
    // A simulated host has no IPsec: no packet has a policy. @kernel net/netfilter/xt_policy.c:policy_mt
    return wants === 'none' ? true : mismatch('pol', 'no IPsec protects the packet');
  },
});

const ELEMENTS = ['reqid', 'spi', 'proto', 'mode', 'tunnel-src', 'tunnel-dst'] as const;
