import { fails, option, same, saved } from '../xt/define';
import { defineBridgeTarget } from './define';
import { verdict } from './verdict-type';

export const redirect = defineBridgeTarget({
  name: 'redirect',
  summary: "Gives the frame the bridge's own address, so that the host takes it; in `broute` that of the port.",
  kernel: 'net/bridge/netfilter/ebt_redirect.c:ebt_redirect_tg',
  places: ['nat:PREROUTING', 'broute:BROUTING'],
  options: {
    'redirect-target': option(
      { ...verdict, omitted: (given) => given === 'ACCEPT' },
      'How the rule ends; ACCEPT by default.',
    ),
  },
  examples: [
    saved('-j redirect --redirect-target ACCEPT', '-j redirect'),
    same('-j redirect --redirect-target CONTINUE'),
    fails('-j redirect --redirect-target nonsense', 'none of'),
  ],
  apply(_packet, given, world) {
    world.redirect();
    return given['redirect-target']?.value ?? 'ACCEPT';
  },
});
