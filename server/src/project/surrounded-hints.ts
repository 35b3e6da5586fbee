/**
 * What is known of a ruleset's host, from all that speaks of it: the ruleset's own comments before `chainwalk.yaml`,
 * that before the settings, and those before files of other programs beside it.
 */
import { type Beside, NOTHING_BESIDE } from '../analysis/beside';
import type { Document } from '../analysis/document';
import { type Hints, readHints } from '../analysis/hints';
import { isRecord } from '../analysis/host-setting';
import { type HostSetting, mergeHosts, NO_PROJECT_WORDS, type ProjectWords } from './project-file';

/** What files around a ruleset say; plain data. */
export interface Surroundings {
  readonly project: ProjectWords;
  /** Text of an `ipvsadm -S -n` file. */
  readonly ipvsadm?: string;
  /** Docker runs here, and writes rules: its `daemon.json` says so. */
  readonly docker?: boolean;
  readonly beside: Beside;
}

export const NOTHING_AROUND: Surroundings = { project: NO_PROJECT_WORDS, beside: NOTHING_BESIDE };

/** @param setting the value of `chainwalk.host`: anything */
export function surroundedHints(document: Document, setting: unknown, surroundings: Surroundings): Hints {
  const settings = mergeHosts(isRecord(setting) ? setting : {}, hostBeside(surroundings));
  return readHints(document, mergeHosts(surroundings.project.host, settings));
}

function hostBeside({ ipvsadm, docker, beside: { ipsets, sysctl } }: Surroundings): HostSetting {
  return {
    ...(ipvsadm === undefined ? {} : { ipvs: ipvsadm }),
    ...(docker ? { role: ['docker-host'] } : {}),
    ...(ipsets === undefined ? {} : { ipsets }),
    ...(sysctl === undefined ? {} : { sysctl: readSysctls(sysctl) }),
  };
}

/** Those of the network: others are nothing to netfilter. */
function readSysctls(text: string): Readonly<Record<string, number | string>> {
  const lines = [...text.matchAll(/^(net\.\S+) = (.+)$/gm)];
  return Object.fromEntries(
    lines.map(([, name = '', value = '']) => [name, /^-?\d+$/.test(value) ? Number(value) : value]),
  );
}
