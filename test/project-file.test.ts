/** `chainwalk.yaml`: what it says, what is wrong in it, its schema, and completion. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createDocument } from '../server/src/analysis/document';
import { completeProject } from '../server/src/project/complete-project';
import { projectSchema } from '../server/src/project/json-schema';
import { projectWords, readProjectFile } from '../server/src/project/project-file';
import { surroundedHints } from '../server/src/project/surrounded-hints';

const WHOLE = `# Two load balancers, and the rest
management: 198.51.100.0/24:22
kernel: 6.10
sysctl:
  net.ipv4.ip_forward: 1
  net.ipv4.tcp_rmem: 4096 131072 6291456
lint:
  groups:
    hygiene: off
  rules:
    ssh-lockout: error
hosts:
  - files: [lb-*.rules, old/lb.v4]
    role: lvs-director
    mode: dr
    vip: [203.0.113.10, "2001:db8::10"]
    interfaces:
      eth0:
        addresses: [203.0.113.2/24, 2001:db8::2/64]
    asymmetric: yes
    sysctl:
      net.ipv4.ip_forward: 0
    lint:
      rules:
        ssh-lockout: off
  - files: "*.v4"
    role: [router, docker-host]
    routes: default via 203.0.113.254 dev eth0
    listen:
      - tcp/22
`;

const problemsOf = (text: string) =>
  readProjectFile(text).problems.map(
    ({ code, span, message }) => `${code} "${text.slice(span.start, span.end)}" ${message}`,
  );

describe('a project file', () => {
  const file = readProjectFile(WHOLE);

  it('is right', () => {
    expect(file.problems).toEqual([]);
  });

  it('speaks of every ruleset, and of those that a host names before that', () => {
    expect(projectWords(file, 'any.rules').host).toEqual({
      management: '198.51.100.0/24:22',
      kernel: '6.10',
      sysctl: { 'net.ipv4.ip_forward': 1, 'net.ipv4.tcp_rmem': '4096 131072 6291456' },
    });
    const { host, choices } = projectWords(file, 'lb-1.rules');
    expect(host).toMatchObject({
      role: ['lvs-director'],
      mode: 'dr',
      vip: ['203.0.113.10', '2001:db8::10'],
      interfaces: { eth0: { addresses: ['203.0.113.2/24', '2001:db8::2/64'] } },
      asymmetric: true,
      sysctl: { 'net.ipv4.ip_forward': 0, 'net.ipv4.tcp_rmem': '4096 131072 6291456' },
    });
    expect([...choices.rules, ...choices.groups]).toEqual([
      ['ssh-lockout', 'off'],
      ['hygiene', 'off'],
    ]);
  });

  it.each([
    ['lb-2.rules', 'dr'],
    ['deeper/lb-2.rules', 'dr'],
    ['old/lb.v4', 'dr'],
    ['lb.v4', undefined],
    ['new/old/lb.v4', undefined],
  ])('a glob without a slash means names in every folder: %s', (path, mode) => {
    expect(projectWords(file, path).host.mode).toBe(mode);
  });

  it('a comment of the ruleset counts before it, it before the setting, that before a file of ipvsadm', () => {
    const hints = (text: string, project: string, setting: unknown) =>
      surroundedHints(createDocument(text), setting, {
        project: projectWords(readProjectFile(project), 'x.rules'),
        ipvsadm: '-A -t 203.0.113.10:80 -s rr\n-a -t 203.0.113.10:80 -r 192.0.2.21:80 -g -w 1\n',
        beside: { sysctl: 'net.ipv4.ip_forward = 1\nkernel.panic = 3\n', ipsets: 'create x hash:ip\n' },
      });
    expect(hints('', '', undefined).mode).toBe('dr');
    expect(hints('', '', { mode: 'tun' }).mode).toBe('tun');
    expect(hints('', 'mode: nat', { mode: 'tun' }).mode).toBe('nat');
    expect(hints('# chainwalk: mode=dr\n', 'mode: nat', { mode: 'tun' }).mode).toBe('dr');
    expect(hints('', '', { sysctl: { 'net.ipv4.tcp_syncookies': 0 } }).host).toMatchObject({
      sysctl: { 'net.ipv4.ip_forward': 1, 'net.ipv4.tcp_syncookies': 0 },
      ipsets: 'create x hash:ip\n',
    });
  });
});

describe('what is wrong is told at its place', () => {
  it.each([
    ['rolle: router', 'unknown-key "rolle" "rolle" is no key here: did you mean "role"?'],
    [
      'role: rooter',
      'bad-value "rooter" "rooter" is none of lvs-director, router, bridge, docker-host, kubernetes-node, openstack-compute: did you mean "router"?',
    ],
    ['role:\nmode: dr', 'bad-value "role" "role" needs a value'],
    ['vip: [203.0.113.10, 300.1.1.1]', 'bad-value "300.1.1.1" "300.1.1.1" is not an IP address'],
    [
      'interfaces: {eth0: {addresses: 10.0.0.1}}',
      'bad-value "10.0.0.1" "10.0.0.1" is not an address with a prefix length',
    ],
    ['interfaces: eth0', 'bad-value "eth0" here must stand keys with their values'],
    [
      'interfaces: {abcdefghijklmnopq: {}}',
      `bad-value "abcdefghijklmnopq" an interface's name has at most 15 characters`,
    ],
    ['listen: [ssh]', 'bad-value "ssh" not a socket such as tcp/22: ssh'],
    ['asymmetric: perhaps', 'bad-value "perhaps" "perhaps" is neither yes nor no'],
    ['mode: [dr]', 'bad-value "[dr]" this must be a single value'],
    [
      'lint: {rules: {ssh-lokout: off}}',
      'unknown-key "ssh-lokout" "ssh-lokout" is no key here: did you mean "ssh-lockout"?',
    ],
    [
      'lint: {groups: {nat: loud}}',
      'bad-value "loud" "loud" is none of default, error, warning, information, hint, off',
    ],
    ['hosts: [{role: router}]', 'bad-value "{role: router}" "files" is missing'],
    ['kernel: six', 'bad-value "six" "six" is not a kernel release'],
    ['role: &r router\nmode: *r', 'bad-value "*r" an alias is not followed: write the value itself'],
  ])('%s', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it('YAML that is none', () => {
    expect(problemsOf('role: [router\nmode: dr\n')[0]).toMatch(/^bad-yaml/);
    expect(problemsOf('role: router\nrole: bridge\n')).toEqual(['bad-yaml "r" Map keys must be unique']);
    expect(problemsOf('')).toEqual([]);
  });

  it('the good remains', () => {
    const file = readProjectFile('mode: fast\nvip: [203.0.113.10, x]\n');
    expect(projectWords(file, 'a').host).toEqual({ vip: ['203.0.113.10'] });
  });

  it.each(['[', '{', '- ', '? ', 'a: ', '"', '&a ', '[?', '? [\n', ' ', '"\n', '&a\n'])(
    'thousands of "%s" do no harm',
    (part) => {
      const text = part.repeat(Math.floor(30_000 / part.length));
      const before = performance.now();
      readProjectFile(text);
      expect(performance.now() - before).toBeLessThan(4_000);
    },
  );

  it('whatever it holds, nothing is thrown', () => {
    const words = [
      'role',
      ': ',
      'router',
      '\n',
      '  ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '&a',
      '*a',
      '"',
      '|',
      '#',
      'hosts',
      'lint',
    ];
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 3 }))), (parts) => {
        const text = parts.join('');
        for (const { span } of readProjectFile(text).problems) expect(span.end).toBeGreaterThanOrEqual(span.start);
        completeProject(text, Math.floor(text.length / 2));
      }),
    );
  });
});

describe('the schema', () => {
  const validate = new Ajv({ strict: false, allowUnionTypes: true }).compile(projectSchema());

  it('accepts what is right', () => {
    expect(validate(parse(WHOLE)), JSON.stringify(validate.errors)).toBe(true);
  });

  it.each(['rolle: router', 'role: rooter', 'lint: {rules: {ssh-lokout: off}}', 'hosts: [{role: router}]'])(
    'refuses %s',
    (text) => {
      expect(validate(parse(text))).toBe(false);
    },
  );

  it('is the one that the manifest names', () => {
    const root = join(import.meta.dirname, '..');
    const { contributes } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const [{ url }] = contributes.yamlValidation;
    expect(JSON.parse(readFileSync(join(root, url), 'utf8'))).toEqual(projectSchema());
  });
});

describe('completion', () => {
  /** Labels at `$0`. */
  function labels(marked: string): readonly string[] {
    const offset = marked.indexOf('$0');
    return completeProject(marked.replace('$0', ''), offset)?.items.map(({ label }) => label) ?? [];
  }

  it('keys of the file, of an interface, of a host', () => {
    expect(labels('$0')).toEqual(expect.arrayContaining(['role', 'interfaces', 'lint', 'hosts']));
    expect(labels('role: router\nro$0')).toContain('routes');
    expect(labels('interfaces:\n  eth0:\n    $0')).toEqual(['addresses', 'mac', 'ports']);
    expect(labels('hosts:\n  - $0')).toContain('files');
    expect(labels('hosts:\n- files: x\n  $0')).toContain('role');
    expect(labels('hosts:\n- files: x\n  lint:\n    groups:\n      $0')).toContain('nat');
    expect(labels('hosts:\n- files: x\n$0')).toContain('hosts');
  });

  it('values, also of a list', () => {
    expect(labels('mode: $0')).toEqual(['dr', 'tun', 'nat']);
    expect(labels('role: r$0')).toContain('router');
    expect(labels('role:\n  - router\n  - $0')).toContain('bridge');
    expect(labels('asymmetric: $0')).toEqual(['yes', 'no']);
    expect(labels('lint:\n  rules:\n    ssh-lockout: $0')).toContain('off');
  });

  it('nothing where anything may stand', () => {
    expect(labels('kernel: $0')).toEqual([]);
    expect(labels('# ro$0')).toEqual([]);
    expect(labels('sysctl:\n  $0')).toEqual([]);
  });

  it('replaces what is written', () => {
    const found = completeProject('role: rou', 9);
    expect(found?.replaces).toEqual({ start: 6, end: 9 });
  });
});
