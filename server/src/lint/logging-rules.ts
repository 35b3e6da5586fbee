/** Rules that only write down what they see. */
import { LOG } from '../../../src-sim/xt/log';
import { NFLOG } from '../../../src-sim/xt/nflog';
import type { RuleRef } from '../analysis/rule-packets';

const LOGGING: ReadonlySet<string> = new Set([LOG.name, NFLOG.name]);

export function isLogging({ rule: { target } }: Pick<RuleRef, 'rule'>): boolean {
  return target.kind === 'target' && LOGGING.has(target.name);
}
