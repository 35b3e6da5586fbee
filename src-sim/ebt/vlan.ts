import { fails, leaves, mismatch, option, same, saved } from '../xt/define';
import { unsigned } from '../xt/value-types';
import { defineBridgeMatch } from './define';
import { etherType } from './ether-type';

const HIGHEST_ID = 4094;
const HIGHEST_PRIORITY = 7;

export const vlan = defineBridgeMatch({
  name: 'vlan',
  summary: 'The VLAN tag of the frame (IEEE 802.1Q).',
  details: 'Frames of a scenario have no tag: none is taken by this match.',
  kernel: 'net/bridge/netfilter/ebt_vlan.c:ebt_vlan_mt',
  protocols: ['802_1Q'],
  options: {
    'vlan-id': option(unsigned('VLAN', 0, HIGHEST_ID), 'The VLAN.', { invert: true }),
    'vlan-prio': option(unsigned('priority', 0, HIGHEST_PRIORITY), 'The priority; only frames of VLAN 0 have one.', {
      invert: true,
    }),
    'vlan-encap': option(
      {
        ...etherType,
        print: (type) => [typeof type === 'number' ? type.toString(16).padStart(4, '0').toUpperCase() : type],
      },
      'The protocol behind the tag.',
      { invert: true },
    ),
  },
  examples: [
    same('-p 802_1Q --vlan-id 10 -j DROP'),
    saved('-p 8021q --vlan-id ! 10 --vlan-encap IPv4 -j DROP', '-p 802_1Q --vlan-id ! 10 --vlan-encap 0800 -j DROP'),
    fails('--vlan-id 10 -j DROP', '-p 802_1Q'),
    fails('-p 802_1Q --vlan-id 5000 -j DROP', 'out of range'),
    leaves('-p 802_1Q --vlan-id 10', 'in p0 udp 10.0.0.2:4000 > 10.0.0.3:53'),
  ],
  matches: ({ family }) => mismatch('vlan-id', `the frame carries ${family} without a tag`),
});
