/** The host of a witness with the ipsets that its ruleset asks for: those that are known, empty ones otherwise. */
import type { HostDescription } from '../../../src-sim/sim/scenario';
import type { LintContext } from './define';
import { setsFor } from './witness-sets';

const NOBODY = { src: '', dst: '', protocol: 0, in: '', out: '' };

export function withSets({ hints, beside, ruleset }: LintContext, host: HostDescription): HostDescription {
  const ipsets = host.ipsets ?? hints.host.ipsets ?? beside.ipsets ?? setsFor(ruleset, NOBODY, {});
  return ipsets === '' ? host : { ...host, ipsets };
}
