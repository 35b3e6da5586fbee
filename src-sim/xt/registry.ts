/** Every extension there is, in one ordered list: the order of the documents and of completion. */

import { addrtype } from './addrtype';
import { builtin } from './builtin';
import { comment } from './comment';
import { connlimit } from './connlimit';
import { CONNMARK, connmark } from './connmark';
import { conntrack } from './conntrack';
import { CT, NOTRACK } from './ct';
import type { Extension, Match, Target } from './define';
import { DNAT } from './dnat';
import { DSCP, dscp } from './dscp';
import { hashlimit } from './hashlimit';
import { HL, hl } from './hl';
import { icmp, icmp6 } from './icmp';
import { iprange } from './iprange';
import { length } from './length';
import { limit } from './limit';
import { LOG } from './log';
import { mac } from './mac';
import { MARK, mark } from './mark';
import { MASQUERADE } from './masquerade';
import { multiport } from './multiport';
import { NETMAP } from './netmap';
import { pkttype } from './pkttype';
import { quota } from './quota';
import { recent } from './recent';
import { REDIRECT } from './redirect';
import { REJECT } from './reject';
import { SNAT } from './snat';
import { ACCEPT, DROP, QUEUE, RETURN } from './standard';
import { state } from './state';
import { statistic } from './statistic';
import { tcp } from './tcp';
import { TOS, tos } from './tos';
import { TTL, ttl } from './ttl';
import { udp } from './udp';

/** The conditions that need no `-m`, as a match. */
export const BUILTIN: Match = builtin;

export const EXTENSIONS: readonly Extension[] = [
  builtin,
  ACCEPT,
  DROP,
  REJECT,
  RETURN,
  LOG,
  tcp,
  udp,
  icmp,
  icmp6,
  conntrack,
  state,
  multiport,
  limit,
  hashlimit,
  recent,
  connlimit,
  quota,
  statistic,
  iprange,
  addrtype,
  mac,
  pkttype,
  length,
  ttl,
  TTL,
  hl,
  HL,
  tos,
  TOS,
  dscp,
  DSCP,
  mark,
  MARK,
  connmark,
  CONNMARK,
  comment,
  CT,
  NOTRACK,
  SNAT,
  DNAT,
  MASQUERADE,
  REDIRECT,
  NETMAP,
  QUEUE,
];

const MATCHES: ReadonlyMap<string, Match> = byName(EXTENSIONS.filter((extension) => extension.kind === 'match'));
const TARGETS: ReadonlyMap<string, Target> = byName(EXTENSIONS.filter((extension) => extension.kind === 'target'));

function byName<Kind extends Extension>(extensions: readonly Kind[]): ReadonlyMap<string, Kind> {
  return new Map(
    extensions.flatMap((extension) => [extension.name, ...(extension.aliases ?? [])].map((name) => [name, extension])),
  );
}

export function findMatch(name: string): Match | undefined {
  return MATCHES.get(name);
}

export function findTarget(name: string): Target | undefined {
  return TARGETS.get(name);
}
