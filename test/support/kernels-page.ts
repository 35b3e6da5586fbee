/** docs/kernels.md: what the simulator does in another way for an older kernel, from the table of changes. */
import { KERNEL_CHANGES, KERNEL_RELEASE } from '../../src-sim/kernel';

export function kernelsPage(): string {
  return [
    '# Kernel releases',
    '',
    `The simulator does as Linux ${KERNEL_RELEASE} does. A scenario's \`host.kernel\`, or a comment in the ruleset, names another release:`,
    '',
    '```iptables',
    '# chainwalk: kernel=5.10',
    '```',
    '',
    'Any release will do (`6.1`, `5.10.0-28-amd64`, `3.10.0-1160.el7.x86_64`); its first two numbers count, and it gets every',
    'change of this table that is not newer. Each is confirmed by the sources of the two releases between which it came (*seen*), and shown',
    'by a scenario that a 6.1 and a 6.18 kernel were asked too (`test/data/kernel/*-changes.jsonl`); what could not be confirmed is not',
    'here. Distributions carry changes back to the kernels that they maintain: an enterprise kernel may know some that its number does',
    'not tell.',
    '',
    '| since | change | where | seen |',
    '| --- | --- | --- | --- |',
    ...KERNEL_CHANGES.map(({ since, text, source, seen }) => `| ${since} | ${text} | \`${source}\` | ${seen} |`),
  ].join('\n');
}
