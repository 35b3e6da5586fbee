/** `# chainwalk: table=nat`: which table the commands below it are for, where they do not say it themselves. */
import { isTableName, type TableName } from '../../../src-sim/netfilter/hook';

export function hintedTable(comment: string): TableName | undefined {
  const name = /^#\s*chainwalk:(?:.*\s)?table=(\S+)/.exec(comment)?.[1];
  return name !== undefined && isTableName(name) ? name : undefined;
}
