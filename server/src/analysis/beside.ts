/** Files beside a ruleset that say what it cannot; read by whoever opened it, since nothing here touches files. */
import type { Document } from './document';

export interface Beside {
  /** What `ipset save` prints. */
  readonly ipsets?: string;
  /** The ruleset of the other address family: `rules.v6` beside `rules.v4`. */
  readonly twin?: Document;
  /** The same file as it is on the disk, where an editor has it open. */
  readonly saved?: string;
  /** ufw is enabled; what `ufw allow` and its like have written, as iptables-restore is given it. */
  readonly ufw?: { readonly userRules: string };
  /** Lines of a sysctl.conf: `net.ipv4.ip_forward = 1`. */
  readonly sysctl?: string;
}

export const NOTHING_BESIDE: Beside = {};
