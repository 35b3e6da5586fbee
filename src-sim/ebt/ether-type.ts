/** Ethernet protocols as `-p` names them: those of Debian's /etc/ethertypes, or a number, which is always hexadecimal. */
import type { ValueType } from '../xt/define';
import { bad, ok, word } from '../xt/value-types';

/** `Length`: a frame of IEEE 802.3, whose field there says how long it is. */
export type EtherType = number | 'Length';

export const ETHER_TYPE = { IPv4: 0x0800, ARP: 0x0806, RARP: 0x8035, VLAN: 0x8100, IPv6: 0x86dd } as const;

/** Whatever is below is a length. @kernel include/uapi/linux/if_ether.h:ETH_P_802_3_MIN */
const LEAST = 0x0600;

/** `NUMBER:NAME,ALIAS…` */
const NAMES = `
  0800:IPv4,ip,ip4 0805:X25 0806:ARP,ether-arp 0808:FR_ARP 08ff:BPQ 22f3:TRILL 22f4:L2-IS-IS 6558:TEB 6559:RAW_FR
  8035:RARP 809b:ATALK 80f3:AARP 8100:802_1Q,8021q,1q,802.1q,dot1q 8137:IPX 8191:NetBEUI 86dd:IPv6,ip6 880b:PPP
  8847:MPLS 8848:MPLS_MULTI 884c:ATMMPOA 8863:PPP_DISC 8864:PPP_SES 8884:ATMFATE 888e:EAPOL 88a8:S-TAG
  88c7:EAP_PREAUTH 88cc:LLDP 88e5:MACSEC 88e7:PBB,macinmac 88f5:MVRP 88f7:PTP 8906:FCOE 8914:FIP 8915:ROCE
  a0ed:LoWPAN
`;

interface NamedType {
  readonly number: number;
  readonly name: string;
  readonly spellings: readonly string[];
}

const KNOWN: readonly NamedType[] = NAMES.trim()
  .split(/\s+/)
  .map((entry) => {
    const [number = '', names = ''] = entry.split(':');
    const [name = '', ...aliases] = names.split(',');
    return { number: Number.parseInt(number, 16), name, spellings: [name, ...aliases].map((one) => one.toLowerCase()) };
  });

export const etherType: ValueType<EtherType> = word<EtherType>('protocol', readEtherType, etherTypeText, [
  ...KNOWN.map(({ name, number }) => ({ text: name, summary: `0x${number.toString(16).padStart(4, '0')}` })),
  { text: 'Length', summary: 'a frame of IEEE 802.3' },
]);

function readEtherType(text: string) {
  const wanted = text.toLowerCase();
  if (wanted === 'length') return ok<EtherType>('Length');
  const named = KNOWN.find(({ spellings }) => spellings.includes(wanted));
  if (named) return ok<EtherType>(named.number);
  if (!/^(0x)?[0-9a-f]{1,4}$/.test(wanted)) return bad<EtherType>(`unknown Ethernet protocol "${text}"`);
  const number = Number.parseInt(wanted, 16);
  return number < LEAST ? bad<EtherType>(`${text}: protocols are 0x0600 and above`) : ok<EtherType>(number);
}

export function etherTypeText(type: EtherType): string {
  if (type === 'Length') return type;
  return KNOWN.find(({ number }) => number === type)?.name ?? `0x${type.toString(16)}`;
}
