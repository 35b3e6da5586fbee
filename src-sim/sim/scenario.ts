/**
 * A scenario: rules, host and packets, the simulator's input. The format is a contract shared by the panel, the test
 * files that users write, the command line and the checks of fidelity; all of it is JSON.
 */
import type { Address } from '../net/address';

export interface Scenario {
  readonly name?: string;
  readonly family?: 4 | 6;
  /** iptables-save text, or ip6tables-save text where `family` is 6. */
  readonly rules: string;
  readonly host?: HostDescription;
  readonly packets?: readonly ScenarioStep[];
  /** When it begins, in UTC (`2026-11-23T17:30:00Z`): what `-m time` needs. Absent: nobody knows. */
  readonly start?: string;
  /** What is taken where the simulator cannot decide. */
  readonly assume?: Assumptions;
  /** Makes choices that the kernel takes at random repeatable. */
  readonly seed?: number;
}

/**
 * By the name of a match or a target (`cpu`, `CLUSTERIP`), or by the place of one rule (`filter:INPUT:3`): whether the
 * match holds, or how the target ends. What is not there: a match does not hold, a target lets the walk go on.
 */
export type Assumptions = { readonly [what: string]: boolean | 'accept' | 'drop' | 'continue' };

export interface HostDescription {
  readonly interfaces?: { readonly [name: string]: InterfaceDescription };
  /** `ip route` syntax. */
  readonly routes?: readonly string[];
  /** `ip rule` syntax. */
  readonly policy?: readonly string[];
  readonly sysctl?: { readonly [name: string]: number | string };
  /** `tcp/22`, `udp/53`: sockets bound to every local address; `tcp/3128 transparent` is a proxy that TPROXY can use. */
  readonly listen?: readonly string[];
  readonly ipsets?: string;
  /** `ipvsadm -S -n` text. */
  readonly ipvs?: string;
  readonly ebtables?: string;
  /** Lines of /proc/net/nf_conntrack: the table at the start. */
  readonly conntrack?: readonly string[];
  readonly kernel?: string;
}

export interface InterfaceDescription {
  /** `203.0.113.1/24`; `203.0.113.1/24 brd +` as tools that configure networks do, with its broadcast address. */
  readonly addresses?: readonly string[];
  readonly mac?: string;
  /** Bytes of the largest IP packet that the link carries; default 1500. */
  readonly mtu?: number;
  /** Makes the interface a bridge. */
  readonly ports?: readonly string[];
}

/** What happens next: a packet, or a command of the administrator's. */
export type ScenarioStep = ScenarioPacket | ScenarioCommand;

export interface ScenarioCommand {
  /** The words behind `conntrack`: `-D -p tcp --dport 80`, `-F`. */
  readonly conntrack: string;
  /** Seconds of virtual time that pass before it. */
  readonly wait?: number;
}

export function isCommand(step: ScenarioStep): step is ScenarioCommand {
  return 'conntrack' in step;
}

export interface ScenarioPacket {
  /** The interface it arrives at. */
  readonly in?: string;
  /** A local process sends it. */
  readonly out?: boolean;
  /** User and group of that process; default 0. */
  readonly uid?: number;
  readonly gid?: number;
  /** The process asked for leave to send to everybody (SO_BROADCAST); without it such a packet is refused. */
  readonly broadcast?: boolean;
  readonly src: Address;
  readonly dst: Address;
  readonly proto: string | number;
  readonly sport?: number;
  readonly dport?: number;
  /** Letters of `FSRPAUEC`; default `S`. */
  readonly flags?: string;
  readonly seq?: number;
  readonly ack?: number;
  /** Default 65535. */
  readonly win?: number;
  readonly mss?: number;
  readonly wscale?: number;
  readonly sackok?: boolean;
  /** SACK blocks, at most four: the first byte of each and the one behind its last. */
  readonly sack?: readonly (readonly [left: number, right: number])[];
  /** Bytes, or the payload itself. */
  readonly payload?: number | string;
  /** Default 64. */
  readonly ttl?: number;
  readonly tos?: number;
  readonly id?: number;
  readonly df?: boolean;
  readonly frag?: { readonly offset: number; readonly more?: boolean; readonly size?: number };
  readonly icmp?: ScenarioIcmp;
  /** SCTP's one chunk by its type (default 1, INIT), verification tag (1) and initiate tag (7). */
  readonly chunk?: number;
  readonly vtag?: number;
  readonly itag?: number;
  readonly mac_src?: string;
  readonly mac_dst?: string;
  /** Seconds of virtual time that pass before it. */
  readonly wait?: number;
}

export interface ScenarioIcmp {
  readonly type: number;
  readonly code?: number;
  readonly id?: number;
  readonly seq?: number;
  readonly mtu?: number;
  readonly inner?: ScenarioPacket;
  readonly truncate?: boolean;
}
