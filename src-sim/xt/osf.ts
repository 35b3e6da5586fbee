import { TCP_FLAG } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import { type Choice, defineMatch, fails, leaves, mismatch, option, same } from './define';
import { limitedText, unsigned } from './value-types';

const TTL_CHECKS: readonly Choice[] = [
  { text: '0', summary: 'the TTL is that of the fingerprint: for a LAN' },
  { text: '1', summary: 'the TTL is less than that' },
  { text: '2', summary: 'the TTL is not looked at' },
];

export const osf = defineMatch({
  name: 'osf',
  families: ['ipv4'],
  protocols: [PROTOCOL.tcp],
  summary: 'The system that sent a SYN, guessed from fingerprints that `nfnl_osf` has loaded.',
  kernel: 'net/netfilter/xt_osf.c:xt_osf_match_packet',
  hooks: ['PREROUTING', 'INPUT', 'FORWARD'],
  options: {
    genre: option(limitedText('name', 31), 'Name of the system, as in the fingerprints.', {
      invert: true,
      required: true,
    }),
    ttl: option({ ...unsigned('0, 1 or 2', 0, 2), choices: TTL_CHECKS }, 'How the TTL is compared.'),
    log: option(unsigned('0, 1 or 2', 0, 2), 'What is logged: every match, the first, or known ones.'),
  },
  examples: [
    same('-p tcp -m osf --genre Linux --ttl 1 --log 0'),
    same('-p tcp -m osf ! --genre Linux'),
    fails('-m osf --genre Linux', 'needs -p tcp'),
    fails('-p tcp -m osf', 'required'),
    leaves('-p tcp -m osf --genre Linux', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 A'),
    fails('-p tcp -m osf --genre Linux --ttl 3', 'out of range'),
  ],
  matches({ transport }) {
    if (transport.kind !== 'tcp' || !(transport.flags & TCP_FLAG.S)) return mismatch('', 'the packet is no SYN');
    return { kind: 'unsure', reason: 'which fingerprints are loaded is not known here' };
  },
});
