/** What an extension of ebtables may ask of the machine around a frame, and what a target may do to the frame. */
import type { BridgeChainName, BridgeTableName } from '../netfilter/hook';

/** @kernel include/uapi/linux/if_packet.h; a bridge sees the first four. */
export type FrameType = 'host' | 'broadcast' | 'multicast' | 'otherhost' | 'outgoing' | 'loopback' | 'fastroute';

export interface BridgeWorld {
  /** The built-in chain that the walk began in. */
  readonly hook: BridgeChainName;
  readonly table: BridgeTableName;
  /** Virtual time in seconds. */
  readonly now: number;
  /** The port that the frame came in by, as `-i` sees it; undefined where there is none (OUTPUT, POSTROUTING). */
  readonly inPort: string | undefined;
  readonly outPort: string | undefined;
  /** The bridge that these are ports of. */
  readonly bridge: string;
  readonly macSource: string;
  readonly macDestination: string;
  readonly frameType: FrameType;
  /** The mark that `-m mark` of iptables sees. */
  readonly mark: number;
  /** State that belongs to the rule being tested, made on first use. */
  matchState<T extends object>(given: object, initial: () => T): T;
  setMark(mark: number): void;
  setSource(mac: string): void;
  /** Whether the frame is the host's follows from the address. */
  setDestination(mac: string): void;
  /** The frame becomes the host's own. */
  redirect(): void;
  /** A line for the kernel log. */
  log(line: string): void;
}
