import { macAddress } from '../xt/address-types';
import { fails, option, same, saved } from '../xt/define';
import { defineBridgeTarget } from './define';
import { verdict } from './verdict-type';

export const arpreply = defineBridgeTarget({
  name: 'arpreply',
  summary: 'Answers an ARP request in the place of the host that is asked for.',
  details: 'Packets of a scenario are IP: no frame of it gets this far.',
  kernel: 'net/bridge/netfilter/ebt_arpreply.c:ebt_arpreply_tg',
  places: ['nat:PREROUTING'],
  protocols: ['ARP'],
  options: {
    'arpreply-mac': option(macAddress, 'The Ethernet address that the answer gives.', { required: true }),
    'arpreply-target': option(
      { ...verdict, omitted: (given) => given === 'DROP' },
      'How the rule ends; DROP by default.',
    ),
  },
  examples: [
    same('-p ARP --arp-op Request -j arpreply --arpreply-mac 02:00:00:00:00:01 --arpreply-target CONTINUE'),
    saved(
      '-p ARP -j arpreply --arpreply-mac 2:0:0:0:0:1 --arpreply-target DROP',
      '-p ARP -j arpreply --arpreply-mac 02:00:00:00:00:01',
    ),
    fails('-j arpreply --arpreply-mac 02:00:00:00:00:01', '-p ARP'),
  ],
  // What is no ARP request for an IP address is let on. @kernel ebt_arpreply.c:ebt_arpreply_tg
  apply: () => 'CONTINUE',
});
