/** Completion in a `# chainwalk:` comment, from the declarations of the hints. */
import { findHintKey, HINT_KEYS, type HintKey, LVS_MODES, ROLES } from '../analysis/hint-keys';
import type { Completion } from './completion';
import type { CompletionContext } from './completion-context';

const SUMMARIES: Readonly<Record<string, string>> = { ...ROLES, ...LVS_MODES };

export function completeHint({ written }: CompletionContext): readonly Completion[] {
  const equals = written.indexOf('=');
  if (equals === -1) return HINT_KEYS.map(keyItem);
  return valueItems(written.slice(0, equals));
}

function keyItem({ key, value, summary }: HintKey): Completion {
  return { kind: 'hint', label: `${key}=`, detail: choicesOf(value).join(' | '), documentation: summary };
}

/** Where a hint takes one of a few words, those. */
function valueItems(key: string): readonly Completion[] {
  const choices = choicesOf(findHintKey(key)?.value ?? '');
  if (choices.length < 2) return [];
  return choices.map((choice) => ({
    kind: 'hint',
    label: `${key}=${choice}`,
    detail: SUMMARIES[choice] ?? '',
    documentation: '',
  }));
}

/** `dr \\| tun`: the declaration writes alternatives for a Markdown table. */
function choicesOf(value: string): readonly string[] {
  return value.split(' \\| ');
}
