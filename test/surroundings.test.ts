/** What files beside a ruleset say: written into a folder, and read back. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDocument } from '../server/src/analysis/document';
import { NOTHING_AROUND } from '../server/src/project/surrounded-hints';
import { readSurroundings } from '../server/src/surroundings/surroundings';
import { twinNames } from '../server/src/surroundings/twin-file';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'chainwalk-around-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

const RULES = '*filter\n:INPUT DROP [0:0]\nCOMMIT\n';
const around = (name: string) => {
  const path = join(root, name);
  return readSurroundings(path, createDocument(RULES, { fileName: path }));
};

describe('beside a ruleset', () => {
  it('nothing', async () => {
    write({ 'rules.v4': RULES });
    expect(await around('rules.v4')).toEqual(NOTHING_AROUND);
    expect(await readSurroundings(undefined, createDocument(RULES))).toEqual(NOTHING_AROUND);
  });

  it('sets, services, and the other family', async () => {
    write({
      'rules.v4': RULES,
      'rules.v6': RULES,
      'a.ipset': 'create one hash:ip\nadd one 192.0.2.1\n',
      'ipset.conf': 'create two hash:net family inet',
      'ipset.save': 'create one hash:ip\n',
      'b.ipset': 'no sets\n',
      ipvsadm: '-A -t 203.0.113.10:80 -s rr\n',
    });
    const { beside, ipvsadm } = await around('rules.v4');
    expect(beside.ipsets).toBe('create one hash:ip\nadd one 192.0.2.1\ncreate two hash:net family inet\n');
    expect(beside.twin?.tree.family).toBe('ipv6');
    expect(ipvsadm).toContain('203.0.113.10');
  });

  it('ufw, where it is enabled, and Docker, unless it writes no rules', async () => {
    const userRules = '*filter\n-A ufw-user-input -p tcp --dport 22 -j ACCEPT\nCOMMIT\n';
    write({ 'etc/iptables/rules.v4': RULES, 'etc/ufw/ufw.conf': 'ENABLED=yes\n', 'etc/ufw/user.rules': userRules });
    expect((await around('etc/iptables/rules.v4')).beside.ufw).toEqual({ userRules });
    write({ 'etc/ufw/ufw.conf': '# ENABLED=yes\nENABLED=no\n', 'etc/docker/daemon.json': '{}' });
    const { beside, docker } = await around('etc/iptables/rules.v4');
    expect([beside.ufw, docker]).toEqual([undefined, true]);
    write({ 'etc/docker/daemon.json': '{"iptables": false}' });
    expect((await around('etc/iptables/rules.v4')).docker).toBeUndefined();
  });

  it('the file itself, as it is on the disk, where it translates', async () => {
    const saved = `*nat\n-A POSTROUTING -o eth0 -j MASQUERADE\nCOMMIT\n`;
    write({ 'rules.v4': saved });
    expect((await around('rules.v4')).beside.saved).toBe(saved);
  });

  it('a twin of the same family is none', async () => {
    write({ 'iptables.save': RULES, 'ip6tables.save': '# chainwalk\n' });
    expect((await around('iptables.save')).beside.twin?.tree.family).toBe('ipv6');
    write({ 'x.v4': RULES });
    expect((await around('x.v4')).beside.twin).toBeUndefined();
  });

  it('kernel settings in the order in which they are applied, of /etc for /etc/iptables', async () => {
    write({
      'iptables/rules.v4': RULES,
      'sysctl.conf': '# last\nnet.ipv4.ip_forward=0\n',
      'sysctl.d/20-b.conf': 'net/ipv4/conf/eth0.1/rp_filter = 2\n-net.ipv4.tcp_rmem = 1 2  3\n;x=1\n',
      'sysctl.d/10-a.conf': 'net.ipv4.ip_forward = 1\n',
      'sysctl.d/README': 'net.ipv4.ip_forward = 7\n',
      'other/rules.v4': RULES,
    });
    expect((await around('iptables/rules.v4')).beside.sysctl).toBe(
      'net.ipv4.ip_forward = 1\nnet.ipv4.conf.eth0/1.rp_filter = 2\nnet.ipv4.tcp_rmem = 1 2  3\nnet.ipv4.ip_forward = 0\n',
    );
    expect((await around('other/rules.v4')).beside.sysctl).toBeUndefined();
  });

  it('chainwalk.yaml, the nearest above, inside of the repository', async () => {
    write({
      'chainwalk.yaml': 'mode: dr\n',
      'a/b/rules.v4': RULES,
      'repository/.git': '',
      'repository/x/rules.v4': RULES,
    });
    expect((await around('a/b/rules.v4')).project.host).toEqual({ mode: 'dr' });
    expect((await around('repository/x/rules.v4')).project.host).toEqual({});
    write({ 'a/chainwalk.yaml': 'hosts:\n  - files: b/rules.*\n    mode: nat\n' });
    expect((await around('a/b/rules.v4')).project.host).toEqual({ mode: 'nat' });
  });

  it.each([
    ['rules.v4', ['rules.v6']],
    ['rules.v6', ['rules.v4']],
    ['iptables', ['ip6tables']],
    ['ip6tables.save', ['iptables.save']],
    ['before.rules', ['before6.rules']],
    ['user6.rules', ['user.rules']],
    ['edge-ipv4.rules', ['edge-ipv6.rules']],
    ['edge.rules', []],
  ])('%s has its twin in %j', (name, twins) => {
    expect(twinNames(name)).toEqual(twins);
  });
});
