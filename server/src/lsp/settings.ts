/** The settings of package.json, as the editor hands them over: anything, looked at before it is believed. */
import { isRecord } from '../analysis/host-setting';
import { SEVERITY_CHOICES, type SeverityChoice, type SeverityChoices } from '../features/diagnostics';

export interface Settings {
  /** `chainwalk.host`, read by analysis/hints. */
  readonly host: unknown;
  /** `chainwalk.lint.CODE` by code. */
  readonly severities: SeverityChoices;
}

export const NO_SETTINGS: Settings = { host: undefined, severities: new Map() };

/** @param section the value of the section `chainwalk` */
export function readSettings(section: unknown): Settings {
  if (!isRecord(section)) return NO_SETTINGS;
  const lint = isRecord(section.lint) ? Object.entries(section.lint) : [];
  const severities = new Map(lint.filter((entry): entry is [string, SeverityChoice] => isSeverityChoice(entry[1])));
  return { host: section.host, severities };
}

function isSeverityChoice(value: unknown): value is SeverityChoice {
  return (SEVERITY_CHOICES as readonly unknown[]).includes(value);
}
