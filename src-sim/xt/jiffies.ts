/** The kernel's clock, in which meters count. */

/** Ticks a second: 250 on Debian and most others. @kernel kernel/Kconfig.hz:CONFIG_HZ */
export const HZ = 250;

/** @param seconds virtual time */
export function jiffies(seconds: number): number {
  return Math.floor(seconds * HZ);
}
