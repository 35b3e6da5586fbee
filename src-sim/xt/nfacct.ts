import { defineMatch, fails, option } from './define';
import { limitedName } from './value-types';

export const nfacct = defineMatch({
  name: 'nfacct',
  families: ['ipv4', 'ipv6'],
  summary: 'Counts packets in an object that `nfacct add` has made; it takes every packet.',
  details: 'The object must be there when the rule is loaded.',
  kernel: 'net/netfilter/xt_nfacct.c:nfacct_mt',
  options: { 'nfacct-name': option(limitedName('name', 31), 'Name of the object.', { required: true }) },
  examples: [fails('-m nfacct', 'required')],
  matches: () => true,
});
