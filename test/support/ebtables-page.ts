/** docs/ebtables.md: what a bridge asks of each frame, and every extension of ebtables, from its declaration. */
import { code, optionUsage } from '../../server/src/features/markdown';
import type { BridgeExtension } from '../../src-sim/ebt/define';
import { BRIDGE_EXTENSIONS } from '../../src-sim/ebt/registry';
import { BRIDGE_VERDICTS } from '../../src-sim/ebt/verdict-type';
import { BRIDGE_HOOK_ENTRIES, type BridgeHookEntry } from '../../src-sim/netfilter/hook';
import type { OptionDeclaration } from '../../src-sim/xt/define';

const INTRODUCTION = `# ebtables

A host whose interface has \`ports\` is a bridge, and \`host.ebtables\` is what \`ebtables-save\` prints on it. A frame is
switched by its Ethernet addresses (\`mac_src\`, \`mac_dst\`): to the port behind which the address was seen, to all
others where it is not known, to the host where it is the bridge's own. On its way it crosses the chains below.

Beside a ruleset \`chainwalk.yaml\` says so:

\`\`\`yaml
hosts:
  - files: bridge.rules
    interfaces:
      br0: { addresses: [10.0.0.1/24], ports: [p0, p1] }
    ebtables: |
      *filter
      -A FORWARD -p IPv4 --ip-proto tcp --ip-dport 23 -j DROP
\`\`\`

\`\`\`sh
chainwalk trace bridge.rules 'in p0 tcp 10.0.0.2:4000 > 10.0.0.3:23 S mac_dst=02:00:00:00:77:03'
\`\`\`

The trace of a packet is TRACE's, which knows iptables alone; its steps tell the rules of ebtables, too, and a frame that
ebtables drops says so: \`dropped at ebtables filter:FORWARD:1\`. The result's \`ebtables\` are the counters of its rules.

## Who sees a frame, and when

The IP chains see a bridged packet where \`net.bridge.bridge-nf-call-iptables\` (\`…-ip6tables\`) is 1, which is the default.
`;

export function ebtablesPage(): string {
  return [
    INTRODUCTION,
    '| hook | priority | runs |',
    '| --- | --- | --- |',
    ...BRIDGE_HOOK_ENTRIES.map(hookRow),
    '',
    '## Verdicts',
    '',
    ...BRIDGE_VERDICTS.map(({ text, summary }) => `- ${code(text)}: ${summary}`),
    '',
    'User-defined chains have a policy, too: ACCEPT where nothing else is said, so that a frame that comes to its end is',
    'not given back to the chain that called it. RETURN as their policy does that.',
    '',
    ...BRIDGE_EXTENSIONS.flatMap(section),
  ]
    .join('\n')
    .trimEnd();
}

function hookRow({ hook, priority, run, variant }: BridgeHookEntry): string {
  const what = {
    'bridge-table': run.kind === 'bridge-table' ? `table ${code(run.table)}, chain ${code(run.chain)}` : '',
    'ip-chains': `${code(hook)} of iptables`,
    'bridge-confirm': 'conntrack confirms what was not addressed to this host alone',
  }[run.kind];
  const only = variant === undefined ? '' : ` (ebtables-${variant})`;
  return `| ${hook} | ${priorityText(priority)} | ${what}${only} |`;
}

function priorityText(priority: number): string {
  if (Math.abs(priority) < 1000) return String(priority);
  return priority < 0 ? 'first' : 'last';
}

function section(extension: BridgeExtension): readonly string[] {
  const { kind, name, summary, details, kernel, protocols, options } = extension;
  const places = extension.kind === 'target' ? extension.places : undefined;
  return [
    `## ${kind} ${name}`,
    '',
    summary,
    '',
    ...(details === undefined ? [] : [details, '']),
    ...(protocols ? [`- only with ${protocols.map((one) => code(`-p ${one}`)).join(' or ')}`] : []),
    ...(places ? [`- only in ${places.map((place) => code(place.replace(':', ' '))).join(', ')}`] : []),
    `- kernel: ${code(kernel)}`,
    '',
    '| option | meaning |',
    '| --- | --- |',
    ...Object.entries(options).map(([option, declaration]) => optionRow(option, declaration)),
    '',
  ];
}

function optionRow(name: string, declaration: OptionDeclaration): string {
  const { aliases, required, summary } = declaration;
  const also = aliases.length > 0 ? [`Also ${aliases.map((alias) => code(`--${alias}`)).join(', ')}.`] : [];
  const cells = [
    code(optionUsage(name, declaration)),
    [summary, ...(required ? ['Must be given.'] : []), ...also].join(' '),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
