/** The kernel's own helpers, by name. */
import { amanda } from './amanda';
import { netbiosNs, snmp } from './broadcast';
import type { Helper } from './define';
import { ftp } from './ftp';
import { irc } from './irc';
import { sane } from './sane';
import { tftp } from './tftp';
import { UNREAD_HELPERS } from './unread';

export const HELPERS: readonly Helper[] = [amanda, ftp, irc, netbiosNs, sane, snmp, tftp, ...UNREAD_HELPERS];

const BY_NAME = new Map(HELPERS.map((helper) => [helper.name, helper]));

export function findHelper(name: string): Helper | undefined {
  return BY_NAME.get(name);
}
