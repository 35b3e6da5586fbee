import { macAddress } from '../xt/address-types';
import { fails, given as gives, option, same, saved } from '../xt/define';
import { defineBridgeTarget } from './define';
import { verdict } from './verdict-type';

export const dnat = defineBridgeTarget({
  name: 'dnat',
  summary: "Changes the frame's Ethernet destination address.",
  details: [
    'In PREROUTING the bridge looks for the new address: the frame leaves by another port, or, where the address is',
    "the bridge's own, goes up to the host. In OUTPUT the port is chosen already.",
  ].join('\n'),
  kernel: 'net/bridge/netfilter/ebt_dnat.c:ebt_dnat_tg',
  places: ['nat:PREROUTING', 'nat:OUTPUT', 'broute:BROUTING'],
  options: {
    'to-dst': option(macAddress, 'The new destination address.', { required: true, aliases: ['to-destination'] }),
    'dnat-target': option(verdict, 'How the rule ends; ACCEPT by default.'),
  },
  canonical: (given) => ({ ...given, 'dnat-target': given['dnat-target'] ?? gives('ACCEPT') }),
  examples: [
    saved('-j dnat --to-dst 2:0:0:0:0:1', '-j dnat --to-dst 02:00:00:00:00:01 --dnat-target ACCEPT'),
    same('-j dnat --to-dst 02:00:00:00:00:01 --dnat-target CONTINUE'),
    fails('-j dnat', 'required'),
    fails('-j dnat --to-dst 02:00:00:00:00:01 --dnat-target REJECT', 'none of'),
  ],
  apply(_packet, given, world) {
    world.setDestination(given['to-dst'].value);
    return given['dnat-target']?.value ?? 'ACCEPT';
  },
});
