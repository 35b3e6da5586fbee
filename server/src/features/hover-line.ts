/** The hovers of what belongs to a line as a whole: its command, its counters. */
import { COMMANDS } from '../syntax/commands';
import type { CommandLine, CountersNode } from '../syntax/tree';
import { code, paragraphs } from './markdown';

export function describeCommand({ command, flag }: CommandLine): string | undefined {
  const declared = COMMANDS.find(
    ({ command: name, short, long }) => name === command && (flag.value === `-${short}` || flag.value === `--${long}`),
  );
  const found = declared ?? COMMANDS.find(({ command: name }) => name === command);
  return found && paragraphs(`${code(`-${found.short}`)}, ${code(`--${found.long}`)}`, found.summary);
}

export function describeCounters(of: 'chain' | 'rule', { packets, bytes }: CountersNode): string {
  const counted =
    of === 'rule'
      ? 'Packets that all of the rule’s conditions matched, counted before its target sees them.'
      : 'Packets that came to the policy: those that no rule of the chain decided. A user-defined chain counts none.';
  return paragraphs(
    `${code(`[${packets}:${bytes}]`)} — ${countOf(packets, 'packet')}, ${countOf(bytes, 'byte')}`,
    counted,
    'Bytes are those of the IP packets. Only `iptables-restore -c` takes counters from a file; otherwise they ' +
      'begin at zero.',
  );
}

function countOf(count: number, unit: string): string {
  return `${count.toLocaleString('en')} ${unit}${count === 1 ? '' : 's'}`;
}
