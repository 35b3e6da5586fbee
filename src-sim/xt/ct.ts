import { findHelper, HELPERS } from '../conntrack/helper/registry';
import { DEFAULT_ZONE, type Zone } from '../conntrack/zone';
import type { Family } from '../net/address';
import type { Given } from '../netfilter/ruleset';
import { defineTarget, fails, option, type RuleContext, same, saved } from './define';
import { flag, keywords, limitedName, mapParsed, parseNumberIn, word } from './value-types';
import type { World } from './world';

/** `mark`: the packet's own mark is the zone. */
type ZoneChoice = number | 'mark';

const zone = {
  ...word<ZoneChoice>(
    'zone from 0 to 65535, or "mark"',
    (text) =>
      text === 'mark' ? { ok: true, value: 'mark' } : mapParsed(parseNumberIn(text, 0, 65_535), (id): ZoneChoice => id),
    String,
    [{ text: 'mark', summary: "the packet's mark is the zone" }],
  ),
  omitted: (id: ZoneChoice) => id === 0,
};

const EVENTS = [
  { text: 'new', summary: 'an entry is made' },
  { text: 'related', summary: 'an expected entry is made' },
  { text: 'destroy', summary: 'an entry goes away' },
  { text: 'reply', summary: 'the first answer' },
  { text: 'assured', summary: 'an entry becomes ASSURED' },
  { text: 'protoinfo', summary: "the protocol's state changes" },
  { text: 'helper', summary: 'a helper is set' },
  { text: 'mark', summary: 'the mark changes' },
  { text: 'natseqinfo', summary: 'NAT adjusts sequence numbers' },
  { text: 'secmark', summary: 'the security mark changes' },
] as const;

const helperName = {
  ...limitedName('name of a helper', 15),
  choices: HELPERS.map(({ name, summary, families }) => ({ text: name, summary, families })),
};

const timeoutName = limitedName('name of a timeout policy', 31);

const BOTH: readonly Family[] = ['ipv4', 'ipv6'];

export const CT = defineTarget({
  name: 'CT',
  families: BOTH,
  summary: 'Tells conntrack how to track the packet, before it does: not at all, in a zone, with a helper.',
  details: [
    'The walk goes on with the next rule, and the **first** CT or NOTRACK counts. Packets under `--notrack` are',
    'UNTRACKED: no rule with NEW, ESTABLISHED or RELATED takes them, NAT leaves them alone, and their answers',
    'need a rule of their own (in OUTPUT for a service of this host). Since Linux 6.0 a helper works only where a',
    'rule like this names it.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_CT.c:xt_ct_target',
  tables: ['raw'],
  needsConntrack: (given) => given.notrack === undefined,
  options: {
    notrack: option(flag, 'Do not track the packet: it becomes UNTRACKED.'),
    helper: option(helperName, 'Read the connection along with this helper, so that what it announces is RELATED.'),
    timeout: option(timeoutName, 'Use this timeout policy, made with `nfct timeout add`.'),
    ctevents: option(keywords('list of events', EVENTS), 'Tell listeners of these events only.'),
    expevents: option(
      keywords('list of events', EVENTS.slice(0, 1)),
      'Tell listeners of these expectation events only.',
    ),
    'zone-orig': option(zone, 'Track in this zone, in the direction of the first packet.'),
    'zone-reply': option(zone, 'Track in this zone, in the direction of answers.'),
    zone: option(zone, 'Track in this zone: flows with equal addresses in other zones are others.'),
  },
  examples: [
    same('-j CT --notrack'),
    same('-p tcp -j CT --helper ftp --zone 3'),
    saved(
      '-j CT --zone 5 --expevents new --ctevents destroy,new',
      '-j CT --ctevents new,destroy --expevents new --zone 5',
    ),
    saved('-j CT --zone 0', '-j CT'),
    same('-j CT --zone-orig mark'),
    fails('-j CT --zone 65536', 'out of range'),
    fails('-j CT --ctevents foo', 'none of'),
    fails('-j CT --helper ftp', 'helper needs'),
    fails('-p udp -j CT --helper ftp', 'another protocol'),
    fails('-p udp -j CT --helper dhcp', 'has no helper'),
  ],
  refuses(given, context) {
    return given.notrack || !given.helper ? undefined : refuseHelper(given.helper.value, context);
  },
  apply(_packet, given, world) {
    if (given.notrack) {
      world.setUntracked();
    } else {
      const { helper, timeout } = given;
      world.setTemplate({
        zone: zoneOf(given, world),
        ...(helper && { helper: helper.value }),
        ...(timeout && { timeoutPolicy: timeout.value }),
      });
    }
    return { kind: 'continue' };
  },
  effect: (given) => ({ kind: given.notrack ? 'untrack' : 'template' }),
});

export const NOTRACK = defineTarget({
  name: 'NOTRACK',
  families: BOTH,
  summary: 'Do not track the packet: it becomes UNTRACKED. The same as `-j CT --notrack`.',
  details: [
    'No rule with NEW, ESTABLISHED or RELATED takes UNTRACKED packets, NAT leaves them alone, and their answers need a',
    'rule of their own: in OUTPUT for a service of this host, in PREROUTING for forwarded traffic.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_CT.c:notrack_tg',
  tables: ['raw'],
  options: {},
  examples: [same('-j NOTRACK')],
  apply(_packet, _given, world) {
    world.setUntracked();
    return { kind: 'continue' };
  },
  effect: () => ({ kind: 'untrack' }),
});

function refuseHelper(name: string, { protocol, family }: RuleContext): string | undefined {
  if (!protocol || protocol.inverted || protocol.value === 0) return 'a helper needs its protocol, named by -p';
  const helper = findHelper(name);
  if (helper === undefined) return `the kernel has no helper "${name}"`;
  if (!helper.families.includes(family)) return `the kernel has no helper "${name}" for this family`;
  return !helper.protocols.includes(protocol.value) ? `the helper ${name} needs another protocol` : undefined;
}

interface ZoneOptions {
  readonly zone?: Given<ZoneChoice>;
  readonly 'zone-orig'?: Given<ZoneChoice>;
  readonly 'zone-reply'?: Given<ZoneChoice>;
}

function zoneOf(given: ZoneOptions, world: World): Zone {
  const { zone: both, 'zone-orig': original, 'zone-reply': reply } = given;
  const chosen = both ?? original ?? reply;
  if (chosen === undefined) return DEFAULT_ZONE;
  const id = chosen.value === 'mark' ? world.mark & 0xffff : chosen.value;
  const oneWay = both === undefined && (original === undefined) !== (reply === undefined);
  return { id, original: !oneWay || original !== undefined, reply: !oneWay || reply !== undefined };
}
