/**
 * What a hint about the host may say, each key declared once: comments in the file, the setting and the documents read
 * this table.
 */
import { parseRelease } from '../../../src-sim/kernel';
import { type Address, parseAddress } from '../../../src-sim/net/address';
import { TABLES } from '../../../src-sim/netfilter/hook';

export const ROLES = {
  'lvs-director': 'a load balancer that runs IPVS; `mode` and `vip` say more',
  router: 'forwards between networks',
  bridge: 'has bridges whose frames iptables sees (br_netfilter)',
  'docker-host': 'Docker writes chains of its own',
  'kubernetes-node': 'kube-proxy and a network plug-in write chains of their own',
  'openstack-compute': 'an OpenStack agent writes the chains',
} as const;

export type Role = keyof typeof ROLES;

/** How IPVS hands packets on. @kernel include/uapi/linux/ip_vs.h:IP_VS_CONN_F_FWD_MASK */
export const LVS_MODES = {
  dr: 'direct routing: answers go straight from the real server to the client',
  tun: 'IP in IP to the real server; answers go straight to the client',
  nat: 'addresses are translated; answers come back through the director',
} as const;

export type LvsMode = keyof typeof LVS_MODES;

/** From where the host is administered. */
export interface Management {
  /** An address or network, as `-s` takes it. */
  readonly source: string;
  readonly port: number;
}

export interface HintKey {
  readonly key: string;
  readonly value: string;
  readonly summary: string;
  /** Whether it may be given several times, or as a list with commas. */
  readonly repeats: boolean;
  /** Undefined: the value will do; otherwise what is wrong with it. */
  refuses(value: string): string | undefined;
}

const SSH_PORT = 22;

export const HINT_KEYS = [
  {
    key: 'role',
    value: Object.keys(ROLES).join(' \\| '),
    summary: 'What the host does.',
    repeats: true,
    refuses: oneOf(Object.keys(ROLES)),
  },
  {
    key: 'mode',
    value: Object.keys(LVS_MODES).join(' \\| '),
    summary: 'How an LVS director hands packets on.',
    repeats: false,
    refuses: oneOf(Object.keys(LVS_MODES)),
  },
  {
    key: 'vip',
    value: 'ADDRESS',
    summary: 'A virtual address that an LVS director answers for.',
    repeats: true,
    refuses: (value) => (parseAddress(value) === undefined ? `"${value}" is not an IP address` : undefined),
  },
  {
    key: 'interface',
    value: 'NAME',
    summary: 'An interface of the host; `address` after it is its address.',
    repeats: false,
    refuses: (value) => (value.length > 15 ? `an interface's name has at most 15 characters` : undefined),
  },
  {
    key: 'address',
    value: 'ADDRESS/LENGTH',
    summary: 'An address of the interface named before it.',
    repeats: true,
    refuses: (value) =>
      parseNetwork(value) === undefined ? `"${value}" is not an address with a prefix length` : undefined,
  },
  {
    key: 'management',
    value: 'SOURCE[:PORT]',
    summary:
      'From where the host is administered: `198.51.100.0/24`, `198.51.100.7:2222`; port 22 unless it says another.',
    repeats: false,
    refuses: (value) =>
      parseManagement(value) === undefined ? `"${value}" is not ADDRESS[/LENGTH][:PORT]` : undefined,
  },
  {
    key: 'table',
    value: TABLES.join(' \\| '),
    summary: 'The table of what `iptables -S` printed, from here on: it does not name it itself.',
    repeats: false,
    refuses: oneOf(TABLES),
  },
  {
    key: 'kernel',
    value: 'RELEASE',
    summary: 'The kernel whose behaviour counts: `6.1`.',
    repeats: false,
    refuses: (value) => (parseRelease(value) === undefined ? `"${value}" is not a kernel release` : undefined),
  },
  {
    key: 'asymmetric',
    value: 'yes \\| no',
    summary: 'Answers come back by another way: conntrack sees one side only.',
    repeats: false,
    refuses: oneOf(['yes', 'no']),
  },
] as const satisfies readonly HintKey[];

export type HintName = (typeof HINT_KEYS)[number]['key'];

const BY_NAME: ReadonlyMap<string, HintKey & { readonly key: HintName }> = new Map(
  HINT_KEYS.map((hint) => [hint.key, hint]),
);

export function findHintKey(name: string): (HintKey & { readonly key: HintName }) | undefined {
  return BY_NAME.get(name);
}

export interface Network {
  readonly address: Address;
  readonly length: number;
}

/** `203.0.113.1/24`; the length must stand there. */
export function parseNetwork(text: string): Network | undefined {
  const [addressText = '', lengthText = ''] = text.split('/');
  const address = parseAddress(addressText);
  if (address === undefined || !/^\d{1,3}$/.test(lengthText)) return undefined;
  const length = Number(lengthText);
  return length <= (address.includes(':') ? 128 : 32) ? { address, length } : undefined;
}

/** An IPv6 source with a port is written in brackets: `[2001:db8::/64]:22`. */
export function parseManagement(text: string): Management | undefined {
  const parts = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const source = parts ? (parts[1] ?? parts[2] ?? '') : text;
  const port = Number(parts?.[3] ?? SSH_PORT);
  const isAddress = parseAddress(source) !== undefined || parseNetwork(source) !== undefined;
  return isAddress && port >= 1 && port <= 65_535 ? { source, port } : undefined;
}

export function isRole(text: string): text is Role {
  return Object.hasOwn(ROLES, text);
}

export function isLvsMode(text: string): text is LvsMode {
  return Object.hasOwn(LVS_MODES, text);
}

function oneOf(names: readonly string[]): (value: string) => string | undefined {
  return (value) => (names.includes(value) ? undefined : `"${value}" is none of ${names.join(', ')}`);
}
