/** Conditions that need a protocol, or another one. */
import {
  defineRefusals,
  edit,
  extensionAt,
  hasProtocol,
  linesInPlace,
  optionAt,
  protocolPart,
  type RefusalFix,
  type RefusedPlace,
} from './define';

const PORT_FLAGS = /^--(?:[sd]ports?|source-ports?|destination-ports?)$/;
const BY_PROTOCOL: ReadonlySet<string> = new Set(['tcp', 'udp', 'udplite', 'sctp', 'dccp', 'icmp', 'icmp6']);

export const PROTOCOL_REFUSALS = defineRefusals([
  {
    code: 'multiport-proto',
    title: 'multiport without a protocol',
    why: '`-m multiport` looks at ports, and only tcp, udp, udplite, sctp and dccp have any; a `!` before the protocol does not count.',
    instead: 'Write `-p tcp` or `-p udp`, one rule for each.',
    of: ['missing-protocol'],
    when: (at) => extensionAt(at) === 'multiport',
    fix: addTcp,
    examples: [
      {
        code: '*filter\n-A INPUT -m multiport --dports 80,443 -j ACCEPT\nCOMMIT\n',
        fixed: '*filter\n-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT\nCOMMIT\n',
      },
    ],
  },
  {
    code: 'protocol-module-mismatch',
    title: 'A match of another protocol',
    why: '`-m udp` looks at UDP, and the rule is for another protocol: refused.',
    instead: 'Name the same protocol twice, or leave `-m` out.',
    of: ['missing-protocol', 'unknown-option'],
    when: (at) =>
      hasProtocol(at) &&
      (at.problem.code === 'missing-protocol' ? BY_PROTOCOL.has(extensionAt(at) ?? '') : TCP_FLAGS.test(at.text)),
    fix: nameTheProtocol,
    examples: [
      {
        code: '*filter\n-A INPUT -p tcp -m udp --dport 53 -j ACCEPT\nCOMMIT\n',
        fixed: '*filter\n-A INPUT -p tcp -m tcp --dport 53 -j ACCEPT\nCOMMIT\n',
      },
      { code: '*filter\n-A INPUT -p udp --syn -j ACCEPT\nCOMMIT\n' },
    ],
  },
  {
    code: 'ports-without-protocol',
    title: 'Ports without a protocol that has them',
    why: '`--dport` belongs to the match of a protocol: it is known behind `-p tcp`, `-p udp` and their like only, and `-p` stands before it.',
    instead: 'Write `-p tcp` or `-p udp` before it, one rule for each.',
    of: ['unknown-option', 'missing-protocol'],
    when: (at) =>
      PORT_FLAGS.test(at.text) || (at.problem.code === 'missing-protocol' && BY_PROTOCOL.has(extensionAt(at) ?? '')),
    fix: (at) => (protocolPart(at) ? undefined : addTcp(at)),
    examples: [
      {
        code: '*filter\n-A INPUT --dport 22 -j ACCEPT\nCOMMIT\n',
        fixed: '*filter\n-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n',
      },
      { code: '*filter\n-A INPUT -p icmp --dport 22 -j ACCEPT\nCOMMIT\n' },
      {
        code: '*filter\n-A INPUT -m udp --dport 53 -j ACCEPT\nCOMMIT\n',
        fixed: '*filter\n-A INPUT -p udp -m udp --dport 53 -j ACCEPT\nCOMMIT\n',
      },
    ],
  },
  {
    code: 'protocol-list',
    title: 'Several protocols in one rule',
    why: '`-p` takes one protocol.',
    instead: 'Write one rule for each.',
    of: ['bad-value'],
    when: (at) => optionAt(at) === 'protocol' && at.text.includes(','),
    fix: (at) => {
      const { start, end } = at.problem.span;
      const text = at.line.text.trimEnd();
      const lines = at.text.split(',').map((name) => `${text.slice(0, start)}${name}${text.slice(end)}`);
      return { title: 'Write one rule for each', edits: [linesInPlace(at, lines)], safe: true };
    },
    examples: [
      {
        code: '*filter\n-A INPUT -p tcp,udp --dport 53 -j ACCEPT\nCOMMIT\n',
        fixed: '*filter\n-A INPUT -p tcp --dport 53 -j ACCEPT\n-A INPUT -p udp --dport 53 -j ACCEPT\nCOMMIT\n',
      },
    ],
  },
  {
    code: 'tcp-reset-without-tcp',
    title: 'A reset for what is not TCP',
    why: 'Only TCP has a RST: `--reject-with tcp-reset` needs `-p tcp`, without a `!`.',
    instead: 'Reset TCP by one rule, and reject the rest by another.',
    of: ['refused'],
    when: (at) => extensionAt(at) === 'REJECT' && at.problem.message.includes('tcp-reset'),
    fix: (at) => (protocolPart(at) ? undefined : addTcpBeforeJump(at)),
    examples: [
      {
        code: '*filter\n-A INPUT -i wan0 -j REJECT --reject-with tcp-reset\nCOMMIT\n',
        fixed: '*filter\n-A INPUT -i wan0 -p tcp -j REJECT --reject-with tcp-reset\nCOMMIT\n',
      },
    ],
  },
  {
    code: 'nat-port-needs-proto',
    title: 'A port to translate to, without a protocol',
    why: 'Ports mean something with `-p tcp`, `udp`, `sctp`, `dccp` (and ids with `icmp`) only.',
    instead: 'Write the protocol, one rule for each.',
    of: ['refused'],
    when: ({ problem }) => problem.message.includes('ports need -p'),
    fix: (at) => (protocolPart(at) ? undefined : addTcpBeforeJump(at)),
    examples: [
      {
        code: '*nat\n-A PREROUTING -d 203.0.113.5 -j DNAT --to-destination 10.0.0.1:80\nCOMMIT\n',
        fixed: '*nat\n-A PREROUTING -d 203.0.113.5 -p tcp -j DNAT --to-destination 10.0.0.1:80\nCOMMIT\n',
      },
    ],
  },
  {
    code: 'helper-bad',
    title: 'A helper that is not there, or for no protocol',
    why: 'A helper belongs to a protocol, and the rule must name it; and the kernel must have one of that name.',
    instead: 'Write `-p tcp --dport 21 -j CT --helper ftp`, and load `nf_conntrack_ftp` before.',
    of: ['refused'],
    when: (at) => extensionAt(at) === 'CT' && /helper|timeout/.test(at.problem.message),
    examples: [
      { code: '*raw\n-A PREROUTING -j CT --helper ftp\nCOMMIT\n' },
      { code: '*raw\n-A PREROUTING -p tcp --dport 21 -j CT --helper fpt\nCOMMIT\n' },
    ],
  },
  {
    code: 'tcpmss-without-syn',
    title: 'TCPMSS for segments that are no SYN',
    why: 'The option is part of a SYN. iptables-legacy refuses the rule; iptables-nft takes it, and the kernel writes an MSS option into other segments.',
    instead: 'Add `--tcp-flags SYN,RST SYN`.',
    of: ['refused'],
    when: (at) => extensionAt(at) === 'TCPMSS' && at.problem.message.includes('SYN'),
    fix: (at) => {
      const place = beforeJump(at);
      const edits = [edit(at, { start: place, end: place }, '-m tcp --tcp-flags SYN,RST SYN ')];
      return { title: 'Ask for SYN', edits, safe: true };
    },
    examples: [
      {
        code: '*mangle\n-A FORWARD -p tcp -j TCPMSS --set-mss 1360\nCOMMIT\n',
        fixed: '*mangle\n-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1360\nCOMMIT\n',
        refusedBy: 'legacy',
      },
    ],
  },
]);

const TCP_FLAGS = /^--(?:syn|tcp-flags|tcp-option)$/;

/** The protocol of a `-m` that names one; tcp where it does not. */
function addTcp(at: RefusedPlace): RefusalFix {
  const match = extensionAt(at) ?? 'tcp';
  const name = BY_PROTOCOL.has(match) ? match : 'tcp';
  return addProtocol(at, at.part ? startOf(at) : at.problem.span.start, name);
}

function addTcpBeforeJump(at: RefusedPlace): RefusalFix {
  return addProtocol(at, beforeJump(at), 'tcp');
}

function addProtocol(at: RefusedPlace, place: number, name: string): RefusalFix {
  const edits = [edit(at, { start: place, end: place }, `-p ${name} `)];
  return { title: `Add -p ${name}`, edits, safe: false };
}

function startOf({ part, problem }: RefusedPlace): number {
  return part?.kind === 'match' ? part.flag.span.start : problem.span.start;
}

function beforeJump({ line, problem }: RefusedPlace): number {
  const jump = line.kind === 'command' ? line.parts.find(({ kind }) => kind === 'jump' || kind === 'goto') : undefined;
  return jump?.kind === 'jump' || jump?.kind === 'goto' ? jump.flag.span.start : problem.span.start;
}

/** `-m udp` behind `-p tcp`: the protocol is what was thought of first. */
function nameTheProtocol(at: RefusedPlace): RefusalFix | undefined {
  const part = protocolPart(at);
  const [word] = part?.kind === 'option' ? part.words : [];
  const name = word?.value.toLowerCase() ?? '';
  const isNegated = part?.kind === 'option' && part.bang !== undefined;
  if (at.part?.kind !== 'match' || !['tcp', 'udp'].includes(name) || isNegated) return undefined;
  return { title: `Write -m ${name}`, edits: [edit(at, at.problem.span, name)], safe: true };
}
