/** Chainwalk's answers beside those of iptables: verdict, line, and what is saved. */
import { blockAt } from '../../server/src/analysis/blocks';
import { allProblems } from '../../server/src/analysis/check';
import { createDocument, type Document } from '../../server/src/analysis/document';
import { applyEdits, format } from '../../server/src/analysis/format';
import type { LocatedProblem } from '../../server/src/analysis/located-problem';
import { refuses, VARIANTS, type Variant } from '../../server/src/analysis/variant';
import type { Recorded, RecordedAnswer } from './recorded-answers';

export type Aspect = 'verdict' | 'line' | 'text';

export interface Difference {
  readonly aspect: Aspect;
  readonly variant: Variant;
  readonly recorded: Recorded;
  readonly detail: string;
  readonly problems: readonly LocatedProblem[];
}

export interface Tally {
  readonly variant: Variant;
  readonly aspect: Aspect;
  asked: number;
  agreeing: number;
}

export interface Parity {
  readonly tallies: readonly Tally[];
  readonly differences: readonly Difference[];
}

/** The lines of a saved text that are compared. */
export type Compared = (text: string) => readonly string[];

export function compareAll(recorded: readonly Recorded[], compared: Compared): Parity {
  const tallies = VARIANTS.flatMap((variant) =>
    (['verdict', 'line', 'text'] as const).map((aspect): Tally => ({ variant, aspect, asked: 0, agreeing: 0 })),
  );
  const differences: Difference[] = [];
  for (const one of recorded) {
    const document = createDocument(one.text, { family: one.family });
    const problems = allProblems(document);
    for (const variant of VARIANTS) {
      for (const [aspect, detail] of answersOf(document, problems, one.answers[variant], variant, compared)) {
        const tally = tallies.find((row) => row.variant === variant && row.aspect === aspect);
        if (tally) tally.asked++;
        if (tally && detail === undefined) tally.agreeing++;
        if (detail !== undefined) differences.push({ aspect, variant, recorded: one, detail, problems });
      }
    }
  }
  return { tallies: tallies.filter(({ asked }) => asked > 0), differences };
}

type Answer = readonly [aspect: Aspect, difference: string | undefined];

function answersOf(
  document: Document,
  problems: readonly LocatedProblem[],
  answer: RecordedAnswer,
  variant: Variant,
  compared: Compared,
): readonly Answer[] {
  const refusal = problems.find((one) => refuses(variant, one));
  const ours = refusal ? `${refusal.line + 1}: ${refusal.message}` : 'accepted';
  if (answer.accepted !== (refusal === undefined)) {
    return [['verdict', `${answer.accepted ? 'accepted' : `refused, ${answer.said}`}; we: ${ours}`]];
  }
  const verdict: Answer = ['verdict', undefined];
  if (refusal) {
    if (answer.line === undefined) return [verdict];
    const same = isSameLine(document, refusal, answer.line);
    return [verdict, ['line', same ? undefined : `line ${answer.line}, ${answer.said}; we: ${ours}`]];
  }
  if (answer.saved === undefined) return [verdict];
  return [verdict, ['text', textDifference(document, variant, answer.saved, compared)]];
}

/**
 * What the kernel refuses, and jumps to chains that are not there, iptables reports at the COMMIT of the block; the
 * rule is named here, which is what iptables-nft does where it can.
 */
function isSameLine({ tree }: Document, refusal: LocatedProblem, line: number): boolean {
  if (refusal.line + 1 === line) return true;
  return blockAt(tree, refusal.line)?.commit === line - 1;
}

function textDifference(document: Document, variant: Variant, saved: string, compared: Compared): string | undefined {
  const formatted = format(document, { variant });
  if (formatted.kind === 'refused') return `refused, ${formatted.problem.line + 1}: ${formatted.problem.message}`;
  const text = applyEdits(document, formatted.edits);
  const again = format(createDocument(text, { family: document.tree.family }), { variant });
  if (again.kind === 'refused' || again.edits.length > 0) return 'not the same when it is formatted again';
  const [ours, theirs] = [compared(text), compared(saved)];
  if (ours.join('\n') === theirs.join('\n')) return undefined;
  const lacking = theirs.filter((line) => !ours.includes(line));
  const surplus = ours.filter((line) => !theirs.includes(line));
  return `saved ${JSON.stringify(lacking.slice(0, 2))}; we ${JSON.stringify(surplus.slice(0, 2))}`;
}
