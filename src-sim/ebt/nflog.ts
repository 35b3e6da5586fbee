import { fails, given as gives, option, same, saved } from '../xt/define';
import { flag, uint16, uint32 } from '../xt/value-types';
import { defineBridgeWatcher } from './define';
import { logPrefix } from './log';

const PREFIX_LIMIT = 63;
const DEFAULT_GROUP = 1;

export const nflog = defineBridgeWatcher({
  name: 'nflog',
  summary: 'Sends the frame to a program that logs (ulogd). It is no target: the rule has another one beside it.',
  kernel: 'net/bridge/netfilter/ebt_nflog.c:ebt_nflog_tg',
  options: {
    nflog: option(flag, 'Log to group 1.'),
    'nflog-prefix': option(logPrefix(PREFIX_LIMIT), 'What stands before the line.'),
    'nflog-group': option(uint16, 'Netlink group to which it is sent; 1 by default.'),
    'nflog-range': option(uint32, 'How many bytes of the frame are copied.'),
    'nflog-threshold': option(uint16, 'How many frames the kernel collects before it sends them.'),
  },
  canonical(given) {
    const { nflog: _, ...rest } = given;
    return { ...rest, 'nflog-group': given['nflog-group'] ?? gives(DEFAULT_GROUP) };
  },
  examples: [
    saved('--nflog -j DROP', '--nflog-group 1 -j DROP'),
    same('--nflog-prefix "a b" --nflog-group 5 --nflog-range 10 --nflog-threshold 3 -j DROP'),
    fails('--nflog-group 65536 -j DROP', 'out of range'),
  ],
  watch(_packet, given, world) {
    world.log(
      `nflog group ${given['nflog-group']?.value ?? DEFAULT_GROUP}: ${given['nflog-prefix']?.value ?? ''}`.trim(),
    );
  },
});
