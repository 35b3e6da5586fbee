import { macAddress } from './address-types';
import { defineTarget, fails, option } from './define';
import { flag, keyword, uint32, unsigned } from './value-types';

const MODES = [
  { text: 'sourceip', summary: 'by the source address' },
  { text: 'sourceip-sourceport', summary: 'and the source port' },
  { text: 'sourceip-sourceport-destport', summary: 'and the destination port' },
] as const;

const node = unsigned('number from 0 to 16', 0, 16);

export const CLUSTERIP = defineTarget({
  name: 'CLUSTERIP',
  families: ['ipv4'],
  summary: 'Shared an address among the nodes of a cluster: gone since Linux 6.3. `-m cluster` does the same.',
  kernel: 'net/ipv4/netfilter/ipt_CLUSTERIP.c (until 6.2)',
  options: {
    new: option(flag, 'The first rule of an address.'),
    hashmode: option(keyword('hash', MODES), 'What the hash is made of.'),
    clustermac: option(macAddress, 'The multicast MAC address of the cluster.'),
    'total-nodes': option(node, 'How many nodes there are.'),
    'local-node': option(node, 'Number of this one.'),
    'hash-init': option(uint32, 'Start of the hash.'),
  },
  examples: [
    fails(
      '-d 10.0.0.1/32 -i lo -j CLUSTERIP --new --hashmode sourceip --clustermac 01:AA:7B:47:F7:D7 --total-nodes 2 --local-node 1',
      'gone',
    ),
  ],
  refuses: () => 'it is gone since Linux 6.3: use -m cluster',
  apply: () => ({ kind: 'unsure', reason: 'CLUSTERIP is gone since Linux 6.3' }),
});
