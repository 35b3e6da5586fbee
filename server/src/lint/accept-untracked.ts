/**
 * The cure for packets that are lost since they are un-tracked: a rule that accepts just them, beside the one that
 * would accept them by their state; and where their answers are tracked alone, a NOTRACK for those.
 */
import { createDocument } from '../analysis/document';
import { lower } from '../analysis/lower';
import { type Box, intersectBoxes } from '../analysis/packet-set';
import { statesOf } from '../analysis/packet-space';
import { packetsOfPath, type Walker } from '../analysis/rule-packets';
import type { LintContext } from './define';
import { applyEdits, type Fix, type TextEdit, type Witness } from './finding';
import { narrowed, printBox } from './packet-words';
import { lineAfter } from './places';
import { type UntrackedLoss, waitsForState } from './untracked-flows';
import { mirrorBox, type WayName } from './way';
import { fateOf } from './witness';

/** More rules than this in one fix are a rewrite, not a fix. */
const MOST_RULES = 4;

/** @returns undefined where no such rule can be written, or the simulator says that it would not help. */
export function acceptUntracked(
  context: LintContext,
  walker: Walker,
  losses: readonly UntrackedLoss[],
  witness: Witness,
): Fix | undefined {
  const edits = losses.flatMap((loss) => editsFor(context, walker, loss) ?? []);
  const distinct = [...new Map(edits.map((edit) => [`${edit.span.start} ${edit.text}`, edit])).values()];
  if (distinct.length === 0 || distinct.length > MOST_RULES) return undefined;
  distinct.sort((a, b) => a.span.start - b.span.start);
  const fixed = createDocument(applyEdits(context.document.text, distinct), context.document.options);
  if (!fateOf(lower(fixed.tree), witness)?.isAccepted) return undefined;
  const title = losses[0]?.kind === 'alone' ? 'NOTRACK the answers too, and accept them' : 'Accept them as UNTRACKED';
  return { title, edits: distinct, safe: false };
}

/** NOTRACK for the other direction alone, where that costs no packet its verdict. */
export function untrackAnswers(
  context: LintContext,
  walker: Walker,
  { untrackedBy, way }: Pick<UntrackedLoss, 'untrackedBy' | 'way'>,
  witness: Witness,
): Fix | undefined {
  const untracked = wholeBoxes(packetsOfPath(walker, untrackedBy, {}));
  const boxes = untracked?.map((box) => answersOf(box, way));
  const edits = boxes && twinRules(context, walker, { untrackedBy, way }, boxes);
  if (edits === undefined || edits.length > MOST_RULES) return undefined;
  const fixed = lower(createDocument(applyEdits(context.document.text, edits), context.document.options).tree);
  const isAsBefore = fateOf(fixed, witness)?.isAccepted === fateOf(context.ruleset, witness)?.isAccepted;
  return isAsBefore ? { title: 'NOTRACK the answers too', edits, safe: false } : undefined;
}

function editsFor(context: LintContext, walker: Walker, loss: UntrackedLoss): readonly TextEdit[] | undefined {
  const untracked = wholeBoxes(packetsOfPath(walker, loss.untrackedBy, {}));
  const isAlone = loss.kind === 'alone';
  const boxes = isAlone ? untracked?.map((box) => answersOf(box, loss.way)) : untracked;
  const accepting = boxes && acceptingRules(context, walker, loss, boxes);
  const taking = isAlone ? boxes && twinRules(context, walker, loss, boxes) : [];
  return accepting && taking && [...taking, ...accepting];
}

/** Rules beside the one that waits for a state, for those of the boxes that it would take. */
function acceptingRules(
  { document }: LintContext,
  walker: Walker,
  { accepted, victims, as }: UntrackedLoss,
  boxes: readonly Box[],
): readonly TextEdit[] | undefined {
  const at = accepted.path.findIndex((ref) => waitsForState(walker, ref, victims));
  const beside = accepted.path[at];
  if (beside === undefined) return undefined;
  const wanted = wholeBoxes(packetsOfPath(walker, accepted.path, { state: statesOf(as) }));
  const [surroundings] = wholeBoxes(packetsOfPath(walker, accepted.path.slice(0, at), {})) ?? [];
  if (wanted === undefined || surroundings === undefined) return undefined;
  const pairs = boxes.flatMap((box) => wanted.flatMap((other) => intersectBoxes(box, withoutFlags(other)) ?? []));
  // A door for everything that an answer might be is no cure.
  if (as === 'ESTABLISHED' && pairs.some((box) => !isNarrow(box))) return undefined;
  const edits = pairs.map((box) => {
    const words = printBox(walker.space, narrowed(box, surroundings));
    const conditions = words && [...words, '-m', 'conntrack', '--ctstate', 'UNTRACKED', '-j', 'ACCEPT'];
    return conditions && lineAfter(document, beside, ['-A', beside.chain, ...conditions].join(' '));
  });
  return all(edits);
}

/** NOTRACK for the answers, behind the one for what they answer. */
function twinRules(
  { document }: LintContext,
  walker: Walker,
  { untrackedBy, way }: Pick<UntrackedLoss, 'untrackedBy' | 'way'>,
  boxes: readonly Box[],
): readonly TextEdit[] | undefined {
  const original = untrackedBy.at(-1);
  if (original === undefined || original.rule.target.kind !== 'target') return undefined;
  const target = original.rule.target.name === 'NOTRACK' ? ['NOTRACK'] : ['CT', '--notrack'];
  const chain = way === 'OUTPUT' ? 'OUTPUT' : 'PREROUTING';
  return all(
    boxes.map((box) => {
      const words = printBox(walker.space, box);
      return words && lineAfter(document, original, ['-A', chain, ...words, '-j', ...target].join(' '));
    }),
  );
}

/** Of forwarded answers, raw does not know yet by which interface they will leave. */
function answersOf(box: Box, way: WayName): Box {
  const { out, ...answers } = mirrorBox(box);
  return out === undefined || way === 'FORWARD' ? answers : { ...answers, out };
}

function isNarrow({ sport, dport, src, dst }: Box): boolean {
  return [sport, dport, src, dst].some((set) => set !== undefined);
}

/** An opening packet has its own flags; what follows in the flow must be accepted too. */
function withoutFlags({ tcpFlags: _, state: __, ...box }: Box): Box {
  return box;
}

function wholeBoxes(pieces: readonly { readonly box: Box; readonly exact: boolean }[]): readonly Box[] | undefined {
  if (pieces.length === 0 || pieces.some(({ exact }) => !exact)) return undefined;
  return pieces.map(({ box: { state: _, ...box } }) => box);
}

function all<T>(items: readonly (T | undefined)[]): readonly T[] | undefined {
  const known = items.filter((item) => item !== undefined);
  return known.length === items.length ? known : undefined;
}
