/** What the server and its linting thread say to each other: plain data, since documents hold functions. */
import { changeBetween } from '../analysis/difference';
import type { Document, DocumentOptions, TextChange } from '../analysis/document';
import type { Diagnostic } from '../features/diagnostics';
import type { TextEdit } from '../lint/finding';
import type { LintChoices } from '../lint/severities';
import type { Surroundings } from '../project/surrounded-hints';

/** A document, and what is known of it. */
export interface LintQuestion {
  readonly document: Document;
  /** The value of `chainwalk.host`. */
  readonly setting: unknown;
  readonly surroundings: Surroundings;
  readonly choices: LintChoices;
}

/** `findings`: what is wrong. `fixes`: the edit that makes all safe fixes. */
export type Wanted = 'findings' | 'fixes';

export interface Sent {
  readonly id: number;
  readonly wanted: Wanted;
  /** In a large file, what was edited since the question before this one: its text alone takes longer than a key. */
  readonly text: SentText;
  readonly setting: unknown;
  readonly surroundings: Omit<Surroundings, 'beside'>;
  readonly beside: Omit<Surroundings['beside'], 'twin'>;
  readonly twin?: SentWhole;
  readonly choices: LintChoices;
}

interface SentWhole {
  readonly text: string;
  readonly options: DocumentOptions;
}

export type SentText = { readonly whole: SentWhole } | { readonly change: TextChange };

/** Sent when the question is no longer one. */
export interface Withdrawal {
  readonly withdrawn: number;
}

export type Answer =
  | { readonly id: number; readonly findings: readonly Diagnostic[] }
  | { readonly id: number; readonly edit: TextEdit | undefined }
  /** The question was withdrawn; the next one is begun. */
  | { readonly id: number; readonly stopped: true };

/** @param last the document of the question that was sent before */
export function sent(
  id: number,
  wanted: Wanted,
  { document, setting, surroundings, choices }: LintQuestion,
  last: Document | undefined,
): Sent {
  const { beside, ...rest } = surroundings;
  const { twin, ...plain } = beside;
  const change = last && changeBetween(last, document);
  return {
    id,
    wanted,
    text: change ? { change } : { whole: whole(document) },
    setting,
    surroundings: rest,
    beside: plain,
    ...(twin && { twin: whole(twin) }),
    choices,
  };
}

function whole({ text, options }: Document): SentWhole {
  return { text, options };
}
