/** What linting a file gives: plain data, so that another thread can make it. */
import type { Severity } from '../lint/finding';
import type { RulesetOptions } from './read-ruleset';

/** Lines and columns count from 1, in UTF-16 units; the end is behind the last character. */
export interface Region {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** One finding, as `--format json` prints it. */
export interface LintLine extends Region {
  readonly file: string;
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
}

export interface LintResult extends LintLine {
  /** The same as long as the rule that it speaks of is the same, wherever it stands. */
  readonly fingerprint: string;
  readonly related: readonly (Region & { readonly message: string })[];
  readonly fixes: readonly ReportedFix[];
  /** By a comment of the file, or by a baseline. */
  readonly suppressed?: { readonly by: 'comment' | 'baseline'; readonly reason: string };
}

export interface ReportedFix {
  readonly title: string;
  readonly safe: boolean;
  readonly edits: readonly (Region & { readonly text: string })[];
}

export interface FileReport {
  /** As it was named. */
  readonly file: string;
  /** Why it could not be read; there are no results then. */
  readonly failure?: string;
  /** In the order of the text. */
  readonly results: readonly LintResult[];
  /** Where `--fix` changed something. */
  readonly fixed?: { readonly text: string; readonly count: number };
}

export interface LintTask extends RulesetOptions {
  readonly file: string;
  /** Codes of the lint rules to run; undefined for those that are on. */
  readonly only?: readonly string[];
  readonly suppressions: 'obeyed' | 'ignored';
  readonly fix: boolean;
}
