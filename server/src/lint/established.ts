/** What the lint rules about the rest of a connection share: the rule that accepts it, and who denies it instead. */
import { type LintContext, nameOf } from './define';
import type { Fix } from './finding';
import { decidedBy, type Outcome } from './outcomes';
import { firstInChain } from './places';
import type { WayName } from './way';

/** The rule that every stateful chain begins with. */
export function acceptEstablished(context: LintContext, way: WayName): Fix | undefined {
  const rule = `-A ${way} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`;
  const edit = firstInChain(context.document, context, 'filter', way, rule);
  return (
    edit && {
      title: `Accept RELATED,ESTABLISHED in ${way}`,
      edits: [edit],
      safe: false,
      scope: { kind: 'packets', of: { states: ['RELATED', 'ESTABLISHED'] } },
    }
  );
}

/** "filter:INPUT's policy drops it", "filter:INPUT:9 (line 14) rejects it" */
export function denierText(denied: Outcome, way: WayName): string {
  const rule = decidedBy(denied, way).at(-1);
  const verb = denied.verdict === 'reject' ? 'rejects' : 'drops';
  const denier = rule === undefined ? `the policy of filter:${way}` : nameOf(rule);
  return `${denier} ${verb} it`;
}
