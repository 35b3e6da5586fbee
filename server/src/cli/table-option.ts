/** `--table`, for the commands that read the output of `iptables -S`. */
import { Option } from 'commander';
import { TABLES } from '../../../src-sim/netfilter/hook';

export function tableOption(): Option {
  return new Option('-t, --table <table>', 'the table of what iptables -S printed').choices(TABLES);
}
