/** The settings of package.json, as the editor hands them over: anything, looked at before it is believed. */
import { isRecord } from '../analysis/host-setting';
import { type PageAddresses, pagesAt } from '../lint/page-address';
import { isSeverityChoice, type LintChoices, NO_CHOICES, type SeverityChoice } from '../lint/severities';

export interface Settings {
  /** `chainwalk.host`, read by analysis/hints. */
  readonly host: unknown;
  /** `chainwalk.lint.CODE` and `chainwalk.lint.groups`. */
  readonly choices: LintChoices;
  /** `chainwalk.lint.pagesUrl`: where the pages of lint rules are on the web, if somewhere. */
  readonly pages: PageAddresses | undefined;
  /** `chainwalk.shell.enable`: whether commands in shell scripts are looked at. */
  readonly shellScripts: boolean;
  /** `chainwalk.inlayHints.enable` */
  readonly inlayHints: boolean;
}

export const NO_SETTINGS: Settings = {
  host: undefined,
  choices: NO_CHOICES,
  pages: undefined,
  shellScripts: true,
  inlayHints: true,
};

/** @param section the value of the section `chainwalk` */
export function readSettings(section: unknown): Settings {
  if (!isRecord(section)) return NO_SETTINGS;
  const lint = isRecord(section.lint) ? section.lint : {};
  return {
    host: section.host,
    choices: { rules: choicesIn(lint), groups: choicesIn(lint.groups) },
    pages: typeof lint.pagesUrl === 'string' ? pagesAt(lint.pagesUrl) : undefined,
    shellScripts: !isSwitchedOff(section.shell),
    inlayHints: !isSwitchedOff(section.inlayHints),
  };
}

function choicesIn(value: unknown): ReadonlyMap<string, SeverityChoice> {
  const entries = isRecord(value) ? Object.entries(value) : [];
  return new Map(entries.filter((entry): entry is [string, SeverityChoice] => isSeverityChoice(entry[1])));
}

function isSwitchedOff(section: unknown): boolean {
  return isRecord(section) && section.enable === false;
}
