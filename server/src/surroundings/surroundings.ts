/** Everything that files beside a ruleset say of it. */
import { basename, dirname } from 'node:path';
import { type Document, isLong } from '../analysis/document';
import { NO_PROJECT_WORDS } from '../project/project-file';
import { NOTHING_AROUND, type Surroundings } from '../project/surrounded-hints';
import { readIpsetFiles } from './ipset-files';
import { readIpvsadmFile } from './ipvsadm-file';
import { readUfw, writesRulesOfDocker } from './manager-files';
import { readProjectFor } from './project-lookup';
import { type ReadText, readTextFile } from './read-text';
import { readSysctlFiles } from './sysctl-files';
import { readTwin } from './twin-file';

/** Below them, what concerns the whole host stands one folder higher: `/etc/iptables`, `/etc/sysconfig`, `/etc/ufw`. */
const FOLDERS_OF_ETC: readonly string[] = ['iptables', 'sysconfig', 'ufw'];

/** Of a file with rules that translate; a long one is made by a program, and would go to the linter with each edit. */
async function readSaved(path: string, document: Document): Promise<string | undefined> {
  const text = isLong(document) ? undefined : await readTextFile(path);
  return text !== undefined && /^\*nat/m.test(text) ? text : undefined;
}

/**
 * @param path undefined for a document that is no file of this machine: nothing stands beside it
 * @param readText where open documents count before files, says so
 */
export async function readSurroundings(
  path: string | undefined,
  document: Document,
  readText: ReadText = readTextFile,
): Promise<Surroundings> {
  if (path === undefined) return NOTHING_AROUND;
  const folder = dirname(path);
  const folders = FOLDERS_OF_ETC.includes(basename(folder)) ? [folder, dirname(folder)] : [folder];
  const [project, ipvsadm, ipsets, sysctl, twin, ufw, docker, saved] = await Promise.all([
    readProjectFor(path, readText),
    readIpvsadmFile(folder, readText),
    readIpsetFiles(folders, readText),
    readSysctlFiles(folders, readText),
    readTwin(path, document, readText),
    readUfw(folders, document, readText),
    writesRulesOfDocker(folders, readText),
    readSaved(path, document),
  ]);
  return {
    project: project ?? NO_PROJECT_WORDS,
    ...(ipvsadm === undefined ? {} : { ipvsadm }),
    ...(docker ? { docker } : {}),
    beside: {
      ...(ipsets === undefined ? {} : { ipsets }),
      ...(sysctl === undefined ? {} : { sysctl }),
      ...(twin === undefined ? {} : { twin }),
      ...(ufw === undefined ? {} : { ufw }),
      ...(saved === undefined ? {} : { saved }),
    },
  };
}
