/**
 * Protocols by the names that `-p` takes and iptables-save prints: those of protocols(5) on Debian. They are not the
 * kernel's: there `ipip` is 4, here it is 94.
 */

/** `NUMBER:NAME` */
const PROTOCOLS = `
  0:hopopt 1:icmp 2:igmp 3:ggp 4:ipencap 5:st 6:tcp 8:egp 9:igp 12:pup 17:udp 20:hmp 22:xns-idp 27:rdp 29:iso-tp4
  33:dccp 36:xtp 37:ddp 38:idpr-cmtp 41:ipv6 43:ipv6-route 44:ipv6-frag 45:idrp 46:rsvp 47:gre 50:esp 51:ah
  57:skip 58:ipv6-icmp 59:ipv6-nonxt 60:ipv6-opts 73:rspf 81:vmtp 88:eigrp 89:ospf 93:ax.25 94:ipip 97:etherip
  98:encap 103:pim 108:ipcomp 112:vrrp 115:l2tp 124:isis 132:sctp 133:fc 135:mobility-header 136:udplite
  137:mpls-in-ip 138:manet 139:hip 140:shim6 141:wesp 142:rohc 143:ethernet
`;

/** Names that iptables knows by itself. @see iptables libxtables/xtables.c: xtables_chain_protos */
const OWN_NAMES: readonly (readonly [string, number])[] = [
  ['icmpv6', 58],
  ['ipv6-mh', 135],
  ['mh', 135],
  ['all', 0],
  ['ip', 0],
];

const NAMES: readonly (readonly [string, number])[] = PROTOCOLS.trim()
  .split(/\s+/)
  .map((entry) => {
    const [number, name = ''] = entry.split(':');
    return [name, Number(number)];
  });

const NUMBER_OF: ReadonlyMap<string, number> = new Map([...OWN_NAMES, ...NAMES]);

const NAME_OF: ReadonlyMap<number, string> = new Map(NAMES.map(([name, number]) => [number, name]));

export const PROTOCOL_NAMES: readonly string[] = [...NUMBER_OF.keys()];

/** What `-p NAME` means, case-insensitively. */
export function namedProtocol(name: string): number | undefined {
  return NUMBER_OF.get(name.toLowerCase());
}

/** What iptables-save prints behind `-p`. */
export function savedProtocol(number: number): string {
  return NAME_OF.get(number) ?? String(number);
}
