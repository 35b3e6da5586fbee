import { compare, defineMatch, fails, leaves, option, same } from './define';
import { markTest } from './mark-types';

export const realm = defineMatch({
  name: 'realm',
  families: ['ipv4'],
  summary: 'The realm of the route that the packet takes (`ip route … realm`).',
  kernel: 'net/netfilter/xt_realm.c:realm_mt',
  hooks: ['INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  options: {
    realm: option(markTest, 'The realm, and which of its bits are looked at. A name needs `/etc/iproute2/rt_realms`.', {
      invert: true,
      required: true,
    }),
  },
  examples: [
    same('-m realm --realm 0x1/0x2a'),
    same('-m realm ! --realm 0x2a'),
    fails('-m realm', 'required'),
    leaves('-m realm --realm 0x2a', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
  ],
  // @deviates a simulated route has no realm
  matches: (_packet, given) => compare('realm', given.realm, given.realm.value.value === 0, () => 'the realm is 0'),
});
