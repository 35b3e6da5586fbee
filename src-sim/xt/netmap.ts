import { ADDRESS_BITS, type Address, addressFromValue, addressValue, familyOf } from '../net/address';
import { type Network, network, networkSpan } from './address-types';
import { defineTarget, fails, option, same, saved, type TargetAnswer, type ValueType } from './define';
import { odd } from './value-types';

/** A length that no address has means the whole address. @see libxtables/xtables.c: xtables_ipparse_any */
const cutNetwork: ValueType<Network> = {
  ...network,
  parse([text = ''], family) {
    const [, host, length] = /^(.*)\/(\d+)$/.exec(text) ?? [];
    const most = ADDRESS_BITS[family];
    if (host === undefined || Number(length) <= most || Number(length) > 0xffff_ffff) {
      return network.parse([text], family);
    }
    const read = network.parse([`${host}/${most}`], family);
    return read.ok ? odd(read.value, `iptables takes /${length} for /${most}: an address has no more bits`) : read;
  },
};

export const NETMAP = defineTarget({
  name: 'NETMAP',
  families: ['ipv4', 'ipv6'],
  summary: 'Maps one whole network onto another, host by host: the bits of the host stay, those of the network change.',
  details: 'In PREROUTING and OUTPUT it rewrites the destination, in POSTROUTING and INPUT the source.',
  kernel: 'net/netfilter/xt_NETMAP.c:netmap_tg4',
  tables: ['nat'],
  needsConntrack: true,
  options: {
    to: option(cutNetwork, 'The network that replaces the old one.', { required: true }),
  },
  examples: [
    saved('-j NETMAP --to 10.0.0.5/24', '-j NETMAP --to 10.0.0.0/24'),
    saved('-j NETMAP --to 10.0.0.5', '-j NETMAP --to 10.0.0.5/32'),
    same('-j NETMAP --to 10.0.0.0/16'),
    saved('-j NETMAP --to 10.0.0.5/33', '-j NETMAP --to 10.0.0.5/32'),
    fails('-j NETMAP', 'required'),
  ],
  apply(packet, given, world): TargetAnswer {
    const manip = world.hook === 'PREROUTING' || world.hook === 'OUTPUT' ? 'dst' : 'src';
    const mapped = mapAddress(packet[manip], given.to.value);
    const verdict = world.setUpNat(manip, { addresses: { min: mapped, max: mapped } });
    return { kind: 'verdict', verdict };
  },
  effect: () => ({ kind: 'end' }),
});

/** The network's bits with the host's: what lies between the first and the last address of the network. */
function mapAddress(address: Address, to: Network): Address {
  const { min, max } = networkSpan(to);
  const hostBits = addressValue(min) ^ addressValue(max);
  return addressFromValue(addressValue(min) | (addressValue(address) & hostBits), familyOf(address));
}
