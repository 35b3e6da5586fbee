/** Whether a fix helps: the simulator is asked about the text as it would be. */
import type { Ruleset } from '../../../src-sim/netfilter/ruleset';
import { editDocument } from '../analysis/document';
import { lower } from '../analysis/lower';
import type { LintContext } from './define';
import type { Fix, TextEdit, Witness } from './finding';
import { suffers } from './harm';
import { fateOf } from './witness';

/** Edits from the last to the first, so that none moves another's place; only lines that they touch are parsed again. */
export function rulesetWith({ document }: LintContext, edits: readonly TextEdit[]): Ruleset {
  const edited = edits.reduceRight(
    (text, { span, text: inserted }) => editDocument(text, { ...span, text: inserted }),
    document,
  );
  return lower(edited.tree);
}

/** The fix where it saves the witness, none where it does not. */
export function helpfulFixes(
  context: LintContext,
  witness: Witness,
  fixes: readonly (Fix | undefined)[],
): readonly Fix[] {
  return fixes
    .filter((fix) => fix !== undefined)
    .filter(({ edits }) => edits.length > 0 && saves(context, edits, witness));
}

/** False, too, where the simulator is not sure. */
export function saves(context: LintContext, edits: readonly TextEdit[], witness: Witness): boolean {
  const fixed = rulesetWith(context, edits);
  return fateOf(fixed, witness) !== undefined && !suffers(fixed, witness);
}
