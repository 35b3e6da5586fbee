import { spanInDocument } from '../../analysis/document';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { keeperOf } from '../managed-chains';

export const restoreFlushesDocker = defineRule({
  code: 'restore-flushes-docker',
  title: 'Loading it takes away what an agent of the host has written',
  severity: 'information',
  group: 'docker-kubernetes',
  proof: 'text',
  docs: {
    what: paragraphs(
      'The host is said to run Docker or Kubernetes (hint `role`), and the ruleset has a whole `nat` or `filter` table',
      'without any chain of theirs.',
    ),
    why: paragraphs(
      'iptables-restore replaces every table that it is given: the chains by which containers are reached, translated',
      'and kept apart are gone until the daemon is started anew (moby#12294).',
    ),
    instead: paragraphs(
      'Load it with `iptables-restore --noflush`, and keep your own rules in chains of your own that the ruleset empties',
      'first; for Docker, in `DOCKER-USER`.',
    ),
    suppress: 'Where it is loaded with `--noflush`, or before the daemon starts.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:__do_replace'],
  bad: [
    {
      title: 'A ruleset of its own on a host with Docker',
      code: `# chainwalk: role=docker-host
*filter
#====== Docker
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Only the chain that Docker leaves to people',
      code: `# chainwalk: role=docker-host
*filter
:FORWARD DROP [0:0]
:DOCKER-USER - [0:0]
-A DOCKER-USER -s 192.0.2.0/24 -j DROP
COMMIT
`,
    },
    {
      title: 'No Docker there',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Tables that Docker does not use',
      code: `# chainwalk: role=docker-host
*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -s 192.0.2.0/24 -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

const AGENTS = { 'docker-host': 'Docker', 'kubernetes-node': 'Kubernetes' } as const;

const THEIR_TABLES: readonly (string | undefined)[] = ['nat', 'filter'];

function check({ document, ruleset, hints }: LintContext): readonly Report[] {
  const agents = (['docker-host', 'kubernetes-node'] as const).filter((role) => hints.roles.includes(role));
  if (agents.length === 0) return [];
  const chains = ruleset.tables.flatMap((table) => table.chains.map(({ name }) => name));
  const isTheirs = (chain: string) => chain.startsWith('DOCKER') || keeperOf(chain)?.role !== undefined;
  if (chains.some(isTheirs)) return [];
  const number = document.tree.lines.findIndex(
    (line) => line.kind === 'table' && THEIR_TABLES.includes(line.name?.value),
  );
  const line = document.tree.lines[number];
  if (line?.kind !== 'table') return [];
  const names = agents.map((role) => AGENTS[role]).join(' and ');
  const message = `loading this table takes away the chains of ${names}, unless it is loaded with --noflush and has chains of its own only.`;
  const end = line.name?.span.end ?? line.text.trimEnd().length;
  return [{ span: spanInDocument(document, number, { start: 0, end }), message, related: [], fixes: [] }];
}
