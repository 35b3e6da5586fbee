/** Every extension there is, in one ordered list: the order of the documents and of completion. */

import { addrtype } from './addrtype';
import { ah } from './ah';
import { AUDIT } from './audit';
import { bpf } from './bpf';
import { builtin } from './builtin';
import { CHECKSUM } from './checksum';
import { CLASSIFY } from './classify';
import { comment } from './comment';
import { connbytes } from './connbytes';
import { connlimit } from './connlimit';
import { CONNMARK, connmark } from './connmark';
import { conntrack } from './conntrack';
import { CT, NOTRACK } from './ct';
import type { Extension, Match, Target } from './define';
import { DNAT } from './dnat';
import { DSCP, dscp } from './dscp';
import { ECN, ecn } from './ecn';
import { esp } from './esp';
import { frag } from './frag';
import { hashlimit } from './hashlimit';
import { helper } from './helper';
import { HL, hl } from './hl';
import { icmp, icmp6 } from './icmp';
import { iprange } from './iprange';
import { ipvs } from './ipvs';
import { length } from './length';
import { limit } from './limit';
import { LOG } from './log';
import { mac } from './mac';
import { MARK, mark } from './mark';
import { MASQUERADE } from './masquerade';
import { multiport } from './multiport';
import { NETMAP } from './netmap';
import { NFLOG } from './nflog';
import { NFQUEUE } from './nfqueue';
import { owner } from './owner';
import { physdev } from './physdev';
import { pkttype } from './pkttype';
import { policy } from './policy';
import { quota } from './quota';
import { recent } from './recent';
import { REDIRECT } from './redirect';
import { REJECT } from './reject';
import { rpfilter } from './rpfilter';
import { rt } from './rt';
import { sctp } from './sctp';
import { SET, set } from './set';
import { SNAT } from './snat';
import { socket } from './socket';
import { ACCEPT, DROP, QUEUE, RETURN } from './standard';
import { state } from './state';
import { statistic } from './statistic';
import { string } from './string';
import { SYNPROXY } from './synproxy';
import { tcp } from './tcp';
import { TCPMSS, tcpmss } from './tcpmss';
import { TCPOPTSTRIP } from './tcpoptstrip';
import { TEE } from './tee';
import { time } from './time';
import { TOS, tos } from './tos';
import { TPROXY } from './tproxy';
import { TRACE } from './trace';
import { TTL, ttl } from './ttl';
import { u32 } from './u32';
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
  sctp,
  esp,
  ah,
  frag,
  rt,
  string,
  u32,
  bpf,
  time,
  set,
  owner,
  policy,
  physdev,
  rpfilter,
  socket,
  ipvs,
  helper,
  connbytes,
  ecn,
  tcpmss,
  TCPMSS,
  TCPOPTSTRIP,
  ECN,
  CLASSIFY,
  CHECKSUM,
  NFLOG,
  NFQUEUE,
  TRACE,
  TEE,
  TPROXY,
  SYNPROXY,
  SET,
  AUDIT,
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
