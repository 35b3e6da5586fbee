/** What completion offers is accepted by the iptables of this machine, once it is written out. */
import { describe, expect, test } from 'vitest';
import { allProblems } from '../server/src/analysis/check';
import { createDocument } from '../server/src/analysis/document';
import { refuses } from '../server/src/analysis/variant';
import { acceptedRules } from './support/accepted-rules';
import { askRestore, canAskRestore } from './support/ask-restore';
import { type CompletedRule, completedRules } from './support/completed-rules';
import { restoreFile } from './support/rule-mutations';

/** `CHAINWALK_COMPLETIONS=5000` asks about so many. */
const COUNT = Number(process.env.CHAINWALK_COMPLETIONS ?? 300);
const RULES = Math.max(40, Math.ceil(COUNT / 20));

/** What still has to be written, which is no mistake of what was offered. */
const UNFINISHED: ReadonlySet<string> = new Set(['missing-option', 'missing-value', 'missing-protocol']);

describe.skipIf(!canAskRestore)('what completion offers', () => {
  const all = canAskRestore ? acceptedRules(RULES).flatMap(completedRules) : [];
  const distinct = [...new Map(all.map((one) => [restoreFile(one.rule), one])).values()];
  const offered = distinct.filter((_, index) => index % Math.max(1, Math.ceil(distinct.length / COUNT)) === 0);
  const judged = offered.map((one) => ({ one, errors: errorsOf(one) }));

  test('is never what we refuse ourselves, but for what is still to be written', () => {
    const wrong = judged.filter(
      ({ one, errors }) => !one.hasExample && errors.some(({ code }) => !UNFINISHED.has(code)),
    );
    expect(wrong.map(({ one, errors }) => `${lineOf(one)}: ${errors[0]?.message} [${one.how}]`)).toEqual([]);
  });

  test('is loaded by iptables', { timeout: 1_200_000 }, () => {
    const finished = judged.filter(({ errors }) => errors.length === 0).map(({ one }) => one);
    const questions = finished.map(({ rule }) => ({ text: restoreFile(rule), family: rule.family }));
    const answers = askRestore(questions, 'nft');
    const refused = finished.flatMap((one, index) => {
      const { accepted = false, said = '' } = answers[index] ?? {};
      const machineDecides = MACHINE_DECIDES.test(said) || NAMES_OBJECTS.test(lineOf(one));
      return accepted || machineDecides ? [] : [`${lineOf(one)}: ${said.split('\n').join(' | ')} [${one.how}]`];
    });
    console.info(`${finished.length - refused.length} of ${finished.length} loaded, of ${offered.length} offered`);
    expect(refused).toEqual([]);
  });
});

/** Sets that are there or not, modules that the kernel has or has not. */
const MACHINE_DECIDES = /Set \S+ doesn't exist|missing kernel module/;

/** Objects that are there or not: of nfacct, of timeouts. */
const NAMES_OBJECTS = /--nfacct-name|-j CT .*--timeout/;

function errorsOf({ rule }: CompletedRule) {
  const document = createDocument(restoreFile(rule), { family: rule.family });
  return allProblems(document).filter((one) => refuses('nft', one));
}

function lineOf({ rule }: CompletedRule): string {
  return `${rule.family} ${rule.table} ${restoreFile(rule).split('\n')[2]}`;
}
