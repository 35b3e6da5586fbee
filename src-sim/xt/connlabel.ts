import { compare, defineMatch, fails, leaves, option, saved, takes, type ValueType } from './define';
import { flag, unsigned } from './value-types';

const number = unsigned('label, a number from 0 to 127', 0, 127);

/** iptables-save quotes it, since it may be a name out of connlabel.conf(5). */
const label: ValueType<number> = {
  ...number,
  print: (value) => [`"${value}"`],
};

export const connlabel = defineMatch({
  name: 'connlabel',
  families: ['ipv4', 'ipv6'],
  summary: 'A label of the packet’s conntrack entry: one of 128 bits.',
  kernel: 'net/netfilter/xt_connlabel.c:connlabel_mt',
  options: {
    label: option(label, 'The label; a name needs `/etc/xtables/connlabel.conf`.', { invert: true, required: true }),
    set: option(flag, 'Sets the label where it is not set, and matches where that was done.'),
  },
  needsConntrack: true,
  examples: [
    saved('-m connlabel --label 40 --set', '-m connlabel --label "40" --set'),
    saved('-m connlabel ! --label 40', '-m connlabel ! --label "40"'),
    fails('-m connlabel', 'required'),
    takes('-m connlabel --label 40 --set', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    leaves('-m connlabel --label 40', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    fails('-m connlabel --label 128', 'out of range'),
  ],
  matches(_packet, { label: wanted, set }, { conntrack }) {
    if (conntrack?.kind !== 'tracked') return compare('label', wanted, false, () => 'the packet has no entry');
    const { entry } = conntrack;
    if (set) {
      entry.labels ??= new Set();
      entry.labels.add(wanted.value);
    }
    const held = entry.labels?.has(wanted.value) ?? false;
    return compare(
      'label',
      wanted,
      held,
      () => `the entry's labels are ${[...(entry.labels ?? [])].join(', ') || 'none'}`,
    );
  },
});
