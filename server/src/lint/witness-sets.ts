/** The ipsets of a witness's host, where no file tells what is in them: each as the witness needs it. */
import type { Ruleset } from '../../../src-sim/netfilter/ruleset';
import { set } from '../../../src-sim/xt/set';
import type { Box } from '../analysis/packet-set';
import type { Question } from '../analysis/packet-space';
import { regionsOf } from '../analysis/rule-packets';
import type { PickedPacket } from './pick-packet';

/** `set NAME src,dst`, as the match asks. */
const QUESTION = /^set (\S+) ((?:src|dst)(?:,(?:src|dst))*)$/;

/** As `ipset save` writes them; sets with ports or interfaces in them are left out. */
export function setsFor({ family, tables }: Ruleset, packet: PickedPacket, box: Box): string {
  const questions = new Set<string>();
  for (const { matches } of tables.flatMap(({ chains }) => chains).flatMap(({ rules }) => rules)) {
    for (const match of matches) {
      if (match.name !== set.name) continue;
      for (const { conditions } of regionsOf(match) ?? []) {
        for (const condition of conditions) if (condition.kind === 'question') questions.add(condition.question);
      }
    }
  }
  const names = new Map<string, string[]>();
  for (const question of questions) {
    const [, name = '', ends = ''] = QUESTION.exec(question) ?? [];
    if (name === '' || ends.includes(',')) continue;
    const entries = names.get(name) ?? [];
    const key: Question = `question ${question}`;
    if (Number(box[key]?.[0]?.start) === 1) entries.push(ends === 'src' ? packet.src : packet.dst);
    names.set(name, entries);
  }
  const lines = [...names].flatMap(([name, entries]) => [
    `create ${name} hash:ip family ${family === 'ipv4' ? 'inet' : 'inet6'}`,
    ...[...new Set(entries)].map((entry) => `add ${name} ${entry}`),
  ]);
  return lines.map((line) => `${line}\n`).join('');
}
