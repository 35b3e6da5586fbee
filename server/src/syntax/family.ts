/** Which of iptables and ip6tables a file is for. */
import type { Family } from '../../../src-sim/net/address';

/** How much of a file is looked at: a dump names itself in its first line, and addresses come early. */
const SAMPLE_LENGTH = 65_536;

/** From the words that iptables-save writes into the file, the file's name, or the addresses in it. */
export function guessFamily(text: string, fileName = ''): Family {
  const sample = text.slice(0, SAMPLE_LENGTH);
  const saved = /^# (?:Generated|Completed) by (ip6?)tables(?:-nft|-legacy)?-save/m.exec(sample);
  if (saved) return saved[1] === 'ip6' ? 'ipv6' : 'ipv4';
  if (/(?:^|[\\/])[^\\/]*(?:ip6tables|6\.rules|\.v6|ipv6)[^\\/]*$/i.test(fileName)) return 'ipv6';
  if (/(?:^|[\\/])[^\\/]*(?:iptables|\.v4|ipv4)[^\\/]*$/i.test(fileName)) return 'ipv4';
  return speaksIpv6(sample) ? 'ipv6' : 'ipv4';
}

function speaksIpv6(sample: string): boolean {
  const words = sample.replace(/#.*$/gm, '').split(/[\s,]+/);
  const ipv4 = words.some((word) => /^\d+\.\d+\.\d+\.\d+(?:\/|$)/.test(word));
  const ipv6 = words.some(
    (word) => /^[0-9a-f:]*::[0-9a-f:.]*(?:\/\d+)?$/i.test(word) || /^(?:[0-9a-f]+:){7}/i.test(word),
  );
  return ipv6 && !ipv4;
}
