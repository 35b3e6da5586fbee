import { macAddress } from '../xt/address-types';
import { fails, given as gives, option, same, saved } from '../xt/define';
import { flag } from '../xt/value-types';
import { defineBridgeTarget } from './define';
import { verdict } from './verdict-type';

export const snat = defineBridgeTarget({
  name: 'snat',
  summary: "Changes the frame's Ethernet source address.",
  kernel: 'net/bridge/netfilter/ebt_snat.c:ebt_snat_tg',
  places: ['nat:POSTROUTING'],
  options: {
    'to-src': option(macAddress, 'The new source address.', { required: true, aliases: ['to-source'] }),
    'snat-arp': option(flag, 'In ARP messages change the address of the sender, too.'),
    'snat-target': option(verdict, 'How the rule ends; ACCEPT by default.'),
  },
  canonical: (given) => ({ ...given, 'snat-target': given['snat-target'] ?? gives('ACCEPT') }),
  examples: [
    saved('-j snat --to-src 2:0:0:0:0:1', '-j snat --to-src 02:00:00:00:00:01 --snat-target ACCEPT'),
    same('-j snat --to-src 02:00:00:00:00:01 --snat-arp --snat-target CONTINUE'),
    fails('-j snat', 'required'),
  ],
  apply(_packet, given, world) {
    world.setSource(given['to-src'].value);
    return given['snat-target']?.value ?? 'ACCEPT';
  },
});
