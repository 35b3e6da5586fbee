/** What trackers read beside the packet: the host's sysctls, and how its kernel's release does things. */
import type { Sysctl } from '../host/sysctl';
import type { KernelProfile } from '../kernel';

export interface Settings {
  readonly sysctl: Sysctl;
  readonly kernel: KernelProfile;
}
