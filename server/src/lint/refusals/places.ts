/** Matches and targets in a table or at a hook that is not theirs; chains of one's own are followed. */
import { defineRefusals, edit, extensionAt, optionAt } from './define';

const TRANSLATING: ReadonlySet<string> = new Set(['DNAT', 'SNAT', 'REDIRECT', 'MASQUERADE', 'NETMAP']);
const PLACE = ['wrong-hook', 'wrong-table'];

export const PLACE_REFUSALS = defineRefusals([
  {
    code: 'nat-filtering',
    title: 'Filtering in nat',
    why: 'nat sees the first packet of each flow only. DROP and REJECT are refused there, since they would not do what they say.',
    instead: 'Put the rule into `filter`, or into `raw:PREROUTING` where the packet is to go early.',
    of: ['wrong-table', 'bad-policy'],
    when: (at) =>
      at.table === 'nat' && (at.problem.code === 'bad-policy' || ['DROP', 'REJECT'].includes(extensionAt(at) ?? '')),
    examples: [
      { code: '*nat\n-A PREROUTING -s 192.0.2.1 -j DROP\nCOMMIT\n' },
      { code: '*nat\n-A PREROUTING -s 192.0.2.1 -j REJECT\nCOMMIT\n' },
    ],
  },
  {
    code: 'nat-target-wrong-place',
    title: 'A translation where none can be',
    why: 'Destinations are translated before routing (nat PREROUTING, OUTPUT), sources behind it (nat POSTROUTING, INPUT). `--test` does not see it.',
    instead: 'DNAT and REDIRECT in PREROUTING or OUTPUT, SNAT and MASQUERADE in POSTROUTING.',
    of: PLACE,
    when: (at) => TRANSLATING.has(extensionAt(at) ?? ''),
    examples: [
      { code: '*nat\n-A POSTROUTING -p tcp --dport 80 -j DNAT --to-destination 10.0.0.2\nCOMMIT\n' },
      { code: '*filter\n-A FORWARD -o wan0 -j MASQUERADE\nCOMMIT\n' },
      { code: '*nat\n:mine - [0:0]\n-A PREROUTING -j mine\n-A mine -o wan0 -j MASQUERADE\nCOMMIT\n' },
    ],
  },
  {
    code: 'iface-wrong-direction',
    title: 'An interface that no packet has there',
    why: 'What comes in has no output interface yet, what this host sends has no input interface: `-o` in INPUT and `-i` in OUTPUT are refused.',
    instead: 'Name the interface on its other side.',
    of: ['wrong-hook'],
    when: (at) => ['in-interface', 'out-interface'].includes(optionAt(at) ?? ''),
    fix: (at) => {
      const { text } = at;
      const other = OTHER_SIDE.get(text);
      return other === undefined
        ? undefined
        : { title: `Write ${other}`, edits: [edit(at, at.problem.span, other)], safe: true };
    },
    examples: [
      {
        code: '*filter\n-A OUTPUT -i eth0 -p udp -j ACCEPT\nCOMMIT\n',
        fixed: '*filter\n-A OUTPUT -o eth0 -p udp -j ACCEPT\nCOMMIT\n',
      },
      {
        code: '*filter\n-A INPUT ! -o lo -j DROP\nCOMMIT\n',
        fixed: '*filter\n-A INPUT ! -i lo -j DROP\nCOMMIT\n',
      },
    ],
  },
  {
    code: 'owner-wrong-chain',
    title: 'The owner of a packet that has none',
    why: 'Only packets that this host sends have a socket with an owner: `-m owner` stands in OUTPUT and POSTROUTING. `--test` does not see it.',
    instead: 'Ask for the owner in OUTPUT.',
    of: PLACE,
    when: (at) => extensionAt(at) === 'owner',
    examples: [{ code: '*filter\n-A INPUT -m owner --uid-owner 1000 -j ACCEPT\nCOMMIT\n' }],
  },
  {
    code: 'mac-useless',
    title: 'The sender of a frame that is not there yet',
    why: 'What this host sends has no source MAC address yet: `-m mac` is refused in OUTPUT and POSTROUTING.',
    instead: 'Match addresses or interfaces.',
    of: PLACE,
    when: (at) => extensionAt(at) === 'mac',
    examples: [{ code: '*filter\n-A OUTPUT -m mac --mac-source 02:00:00:00:00:01 -j DROP\nCOMMIT\n' }],
  },
  {
    code: 'tcpmss-wrong-hook',
    title: 'Clamping before the path is known',
    why: '`--clamp-mss-to-pmtu` asks the route for its MTU, and there is none in PREROUTING and INPUT.',
    instead: 'Clamp in FORWARD, OUTPUT or POSTROUTING.',
    of: PLACE,
    when: (at) => extensionAt(at) === 'TCPMSS',
    examples: [{ code: '*mangle\n-A PREROUTING -p tcp --syn -j TCPMSS --clamp-mss-to-pmtu\nCOMMIT\n' }],
  },
  {
    code: 'target-wrong-place',
    title: 'A match or target where it may not stand',
    why: 'Some work in one table only (TTL, DSCP: mangle; CT: raw), or at some hooks. The kernel follows every jump and refuses the table; `--test` often does not see it.',
    instead: 'Move the rule to a table and chain where it may stand.',
    of: PLACE,
    examples: [
      { code: '*filter\n-A FORWARD -j TTL --ttl-inc 1\nCOMMIT\n' },
      { code: '*filter\n-A FORWARD -j CT --notrack\nCOMMIT\n' },
      { code: '*mangle\n-A INPUT -p tcp -j TPROXY --on-port 3129\nCOMMIT\n' },
    ],
  },
]);

const OTHER_SIDE: ReadonlyMap<string, string> = new Map([
  ['-i', '-o'],
  ['-o', '-i'],
  ['--in-interface', '--out-interface'],
  ['--out-interface', '--in-interface'],
]);
