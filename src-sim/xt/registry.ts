/** Every extension there is, in one ordered list: the order of the documents and of completion. */

import { addrtype } from './addrtype';
import { ah } from './ah';
import { AUDIT } from './audit';
import { bpf } from './bpf';
import { builtin } from './builtin';
import { cgroup } from './cgroup';
import { CHECKSUM } from './checksum';
import { CLASSIFY } from './classify';
import { cluster } from './cluster';
import { CLUSTERIP } from './clusterip';
import { comment } from './comment';
import { connbytes } from './connbytes';
import { connlabel } from './connlabel';
import { connlimit } from './connlimit';
import { CONNMARK, connmark } from './connmark';
import { CONNSECMARK } from './connsecmark';
import { conntrack } from './conntrack';
import { cpu } from './cpu';
import { CT, NOTRACK } from './ct';
import { dccp } from './dccp';
import type { Extension, Match, Target } from './define';
import { devgroup } from './devgroup';
import { DNAT } from './dnat';
import { DNPT } from './dnpt';
import { DSCP, dscp } from './dscp';
import { dst } from './dst';
import { ECN, ecn } from './ecn';
import { esp } from './esp';
import { eui64 } from './eui64';
import { frag } from './frag';
import { hashlimit } from './hashlimit';
import { hbh } from './hbh';
import { helper } from './helper';
import { HL, hl } from './hl';
import { HMARK } from './hmark';
import { icmp, icmp6 } from './icmp';
import { IDLETIMER } from './idletimer';
import { ipcomp } from './ipcomp';
import { iprange } from './iprange';
import { ipv6header } from './ipv6header';
import { ipvs } from './ipvs';
import { LED } from './led';
import { length } from './length';
import { limit } from './limit';
import { LOG } from './log';
import { mac } from './mac';
import { MARK, mark } from './mark';
import { MASQUERADE } from './masquerade';
import { mh } from './mh';
import { multiport } from './multiport';
import { NETMAP } from './netmap';
import { nfacct } from './nfacct';
import { NFLOG } from './nflog';
import { NFQUEUE } from './nfqueue';
import { osf } from './osf';
import { owner } from './owner';
import { physdev } from './physdev';
import { pkttype } from './pkttype';
import { policy } from './policy';
import { quota } from './quota';
import { rateest } from './rateest';
import { RATEEST } from './rateest-target';
import { realm } from './realm';
import { recent } from './recent';
import { REDIRECT } from './redirect';
import { REJECT } from './reject';
import { rpfilter } from './rpfilter';
import { rt } from './rt';
import { sctp } from './sctp';
import { SECMARK } from './secmark';
import { SET, set } from './set';
import { SNAT } from './snat';
import { SNPT } from './snpt';
import { socket } from './socket';
import { srh } from './srh';
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
  cgroup,
  cluster,
  connlabel,
  cpu,
  dccp,
  devgroup,
  dst,
  eui64,
  hbh,
  ipcomp,
  mh,
  nfacct,
  osf,
  realm,
  CLUSTERIP,
  CONNSECMARK,
  SECMARK,
  IDLETIMER,
  LED,
  SNPT,
  DNPT,
  HMARK,
  ipv6header,
  rateest,
  RATEEST,
  srh,
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
