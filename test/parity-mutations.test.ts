/** Rules with a word changed: iptables of this machine and Chainwalk are asked the same, and say the same. */
import { describe, expect, test } from 'vitest';
import { allProblems } from '../server/src/analysis/check';
import { createDocument } from '../server/src/analysis/document';
import { refuses, VARIANTS, type Variant } from '../server/src/analysis/variant';
import { acceptedRules } from './support/accepted-rules';
import { askRestore, canAskRestore, type RestoreAnswer } from './support/ask-restore';
import { type Mutation, mutations, restoreFile } from './support/rule-mutations';

/** `CHAINWALK_MUTATIONS=5000` asks about so many; the seed makes them others. */
const COUNT = Number(process.env.CHAINWALK_MUTATIONS ?? 300);
const SEED = Number(process.env.CHAINWALK_SEED ?? 1);

/** Of those that only we could have decided. */
const AGREEING = 0.995;
/** A few hundred say too little about a share. */
const FEW = 4;

describe.skipIf(!canAskRestore)('rules with a word changed', () => {
  const asked = canAskRestore ? mutations(acceptedRules(COUNT), COUNT, SEED) : [];

  test.each(VARIANTS)('%s', { timeout: 1_200_000 }, (variant) => {
    const questions = asked.map(({ rule }) => ({ text: restoreFile(rule), family: rule.family }));
    const answers = askRestore(questions, variant);
    const judged = asked.flatMap((mutation, index) => {
      const answer = answers[index];
      return answer === undefined ? [] : [judge(mutation, answer, variant)];
    });
    const decidable = judged.filter(({ machineDecides }) => !machineDecides);
    const differing = decidable.filter(({ difference }) => difference !== undefined);
    const summary = `${variant}: ${decidable.length - differing.length} of ${decidable.length} (seed ${SEED})`;
    console.info([summary, ...differing.map(({ difference }) => difference)].join('\n'));
    expect(differing.length, summary).toBeLessThanOrEqual(Math.max(FEW, (1 - AGREEING) * decidable.length));
  });
});

interface Judged {
  /** A host's name, or a set that is not there: neither verdict is wrong. */
  readonly machineDecides: boolean;
  readonly difference: string | undefined;
}

function judge({ how, rule }: Mutation, { accepted, said }: RestoreAnswer, variant: Variant): Judged {
  const text = restoreFile(rule);
  const problems = allProblems(createDocument(text, { family: rule.family }));
  const refusal = problems.find((one) => refuses(variant, one));
  const machineDecides =
    problems.some(({ code }) => code === 'host-name') || (!accepted && /^.*Set \S+ doesn't exist/.test(said));
  if (accepted === (refusal === undefined)) return { machineDecides, difference: undefined };
  const verdict = accepted ? `accepted, we: ${refusal?.message}` : `refused (${said.split('\n').join(' | ')})`;
  const line = text.split('\n')[2];
  return { machineDecides, difference: `${rule.family} ${rule.table} ${line}: ${verdict} [${how}]` };
}
