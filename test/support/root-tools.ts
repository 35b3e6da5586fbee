import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

const isRoot = process.getuid?.() === 0;

function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The programs that load rules into the kernel, where we may run them (as root): tests against it are skipped elsewhere. */
export const iptablesLegacyRestore = isRoot ? findProgram('iptables-legacy-restore') : undefined;
export const iptablesNftRestore = isRoot ? findProgram('iptables-nft-restore') : undefined;

/** Network namespaces, in which such tests stay: nothing of the machine's own firewall is touched. */
export const unshare = isRoot ? findProgram('unshare') : undefined;
