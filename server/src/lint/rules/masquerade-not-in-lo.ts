import { spanInDocument } from '../../analysis/document';
import type { RuleRef } from '../../analysis/rule-packets';
import type { OptionPart } from '../../syntax/tree';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Witness } from '../finding';
import { suffers } from '../harm';
import { type NatRule, natRules, SOURCE_NAT } from '../nat-rules';

export const masqueradeNotInLo = defineRule({
  code: 'masquerade-not-in-lo',
  title: '`! -i lo` does not keep loopback from being masqueraded',
  severity: 'warning',
  group: 'nat',
  proof: 'packets',
  docs: {
    what: 'A MASQUERADE or SNAT that packets reach from POSTROUTING is to spare loopback by `! -i lo`.',
    why: paragraphs(
      'A packet that this host makes has no input interface, and no interface is not `lo`: `! -i lo` takes it. So',
      'connections to 127.0.0.1 are rewritten, and a local server sees them come from another address.',
    ),
    instead: '`! -o lo`: loopback leaves by `lo`.',
    suppress: 'Never.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ip_packet_match'],
  bad: [
    {
      title: 'A chain of its own',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:u - [0:0]
-A POSTROUTING -j u
-A u ! -i lo -j MASQUERADE
#    ^^^^^^^ ! -o lo
COMMIT
`,
      fixed: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:u - [0:0]
-A POSTROUTING -j u
-A u ! -o lo -j MASQUERADE
COMMIT
`,
    },
    {
      title: "firewalld's zones, as they once were",
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:POST_public - [0:0]
:POST_public_allow - [0:0]
-A POSTROUTING -j POST_public
-A POST_public -j POST_public_allow
-A POST_public_allow ! -i lo -j MASQUERADE
#                    ^^^^^^^ ! -o lo
COMMIT
`,
    },
    {
      title: 'SNAT for TCP',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:snat - [0:0]
-A POSTROUTING -p tcp -g snat
-A snat ! -i lo -j SNAT --to-source 203.0.113.5
#       ^^^^^^^ ! -o lo
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Loopback leaves by lo',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:u - [0:0]
-A POSTROUTING -j u
-A u ! -o lo -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'The jump says already by which interface packets leave',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:POST_external - [0:0]
-A POSTROUTING -o eth0 -j POST_external
-A POST_external ! -i lo -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'Loopback has left before',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:u - [0:0]
-A POSTROUTING -o lo -j ACCEPT
-A POSTROUTING -j u
-A u ! -i lo -j MASQUERADE
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const reports = new Map<number, Report>();
  for (const nat of natRules(context, SOURCE_NAT).filter(({ hook }) => hook === 'POSTROUTING')) {
    const found = reports.has(nat.ref.rule.line) ? undefined : report(context, nat);
    if (found) reports.set(nat.ref.rule.line, found);
  }
  return [...reports.values()];
}

function report(context: LintContext, { ref, path }: NatRule): Report | undefined {
  const asking = path.find((one) => notFromLo(context, one) !== undefined);
  const part = asking && notFromLo(context, asking);
  if (asking === undefined || part === undefined) return undefined;
  const witness = loopback(context);
  if (!suffers(context.ruleset, witness)) return undefined;
  const at = (start: number, end: number) => spanInDocument(context.document, asking.rule.line, { start, end });
  const end = part.words.at(-1)?.span.end ?? part.flag.span.end;
  const out = part.flag.value.startsWith('--') ? '--out-interface' : '-o';
  return {
    span: at((part.bang ?? part.flag).span.start, end),
    message: [
      `${nameOf(ref)} rewrites loopback too: packets of this host have no input interface, which is not lo.`,
      'Write ! -o lo.',
    ].join(' '),
    related: [],
    fixes: [
      {
        title: 'Write ! -o lo',
        edits: [{ span: at(part.flag.span.start, part.flag.span.end), text: out }],
        safe: true,
        scope: { kind: 'packets', of: { outside: ['lo'] } },
      },
    ],
    witness,
  };
}

function notFromLo({ document }: LintContext, { rule }: RuleRef): OptionPart | undefined {
  const line = document.tree.lines[rule.line];
  const parts = line?.kind === 'command' ? line.parts : [];
  return parts.find(
    (part): part is OptionPart =>
      part.kind === 'option' && part.option === 'in-interface' && part.bang !== undefined && part.value === 'lo',
  );
}

function loopback({ ruleset, hints }: LintContext): Witness {
  const address = ruleset.family === 'ipv4' ? '127.0.0.1' : '::1';
  const own = ruleset.family === 'ipv4' ? '203.0.113.1/24' : '2001:db8:203::1/64';
  const packet = { out: true, src: address, dst: address, proto: 'tcp', sport: 40_000, dport: 80, flags: 'S' };
  const interfaces = { eth0: { addresses: [own] }, ...hints.host.interfaces };
  return { host: { ...hints.host, interfaces }, packets: [packet], victim: 0, harm: 'rewritten' };
}
