/** The kernel's clock, in which meters count. */

/** Ticks a second: 250 on Debian and most others. @kernel kernel/Kconfig.hz:CONFIG_HZ */
export const HZ = 250;

/** @param seconds virtual time */
export function jiffies(seconds: number): number {
  return Math.floor(seconds * HZ);
}

/** Rounded up, so that nothing ends early. @kernel kernel/time/time.c:__msecs_to_jiffies */
export function msToJiffies(milliseconds: number): number {
  return Math.ceil((milliseconds * HZ) / 1000);
}
