/** The hovers of tables, chains and policies: where they are in a packet's way, and who comes here. */
import { isHook, isTableName, TABLE_HOOKS } from '../../../src-sim/netfilter/hook';
import { type Block, blockAt } from '../analysis/blocks';
import { hooksKnown } from '../analysis/call-graph';
import type { Document } from '../analysis/document';
import { textLineOf } from '../analysis/text-lines';
import { type ChainUse, chainUses } from './chain-uses';
import type { Cursor } from './cursor';
import { bullets, code, paragraphs } from './markdown';
import { hookOrder, hookPlace, isOfTable, tablePurpose, tableWay } from './packet-way';

export function describeTable(name: string): string {
  if (!isTableName(name)) return `${code(name)} is no table of iptables.`;
  return paragraphs(
    `**table** ${code(name)}`,
    tablePurpose(name),
    '**Its chains, in the order of the hooks**',
    tableWay(name),
  );
}

/** Undefined where the table has no chain of that name. */
export function describeChain(document: Document, { lineNumber, table }: Cursor, name: string): string | undefined {
  const block = blockAt(document.tree, lineNumber);
  if (table !== undefined && isTableName(table) && isHook(name) && TABLE_HOOKS[table].includes(name)) {
    const here = hookOrder(name, (run) => isOfTable(run, table));
    return paragraphs(
      `**chain** ${code(name)} of the table ${code(table)} — built-in`,
      `It sees ${hookPlace(name)}.`,
      here,
      block && describeSize(document, block, name),
    );
  }
  const uses = block ? chainUses(document, block, name) : [];
  if (block === undefined || uses.every(({ kind }) => kind === 'jump')) return undefined;
  return paragraphs(
    `**chain** ${code(name)} of the table ${code(table ?? '')} — user-defined`,
    describeCallers(document, uses),
    describeHooks(document, table, name),
    describeSize(document, block, name),
    'A packet that no rule here decides goes back to the rule behind the one that jumped (`-j`); after `-g`, to ' +
      'where the caller itself would go back.',
  );
}

export function describePolicy(chain: string, policy: string): string {
  if (policy === '-') {
    const owner = `${code(chain)} is a chain of one’s own`;
    return `${code('-')} — no policy: ${owner}, and a packet that reaches its end goes back.`;
  }
  const fate = policy === 'DROP' ? 'is dropped, without an answer' : 'goes on to whatever comes next at the hook';
  return paragraphs(
    `**policy** ${code(policy)} of the chain ${code(chain)}`,
    `A packet that reaches the end of the chain, or a \`RETURN\` in it, ${fate}.`,
  );
}

/** Undefined where no packet comes here. */
function describeHooks(document: Document, table: string | undefined, chain: string): string | undefined {
  const hooks = hooksKnown(document, table, chain);
  return hooks.length === 0 ? undefined : `Packets of ${hooks.map(code).join(', ')} come here.`;
}

const MOST_CALLERS = 10;

function describeCallers(document: Document, uses: readonly ChainUse[]): string {
  const jumps = uses.filter(({ kind }) => kind === 'jump');
  if (jumps.length === 0) return '**Nothing jumps here**: no packet ever sees its rules.';
  const shown = jumps
    .slice(0, MOST_CALLERS)
    .map(({ from, lineNumber }) => `${code(from ?? '')}, line ${textLineOf(document, lineNumber) + 1}`);
  const more = jumps.length - shown.length;
  return paragraphs('Reached from', bullets(more > 0 ? [...shown, `and ${more} more`] : shown));
}

function describeSize(document: Document, block: Block, name: string): string {
  const rules = chainUses(document, block, name).filter(({ kind }) => kind === 'rule').length;
  return rules === 1 ? 'It has 1 rule here.' : `It has ${rules} rules here.`;
}
