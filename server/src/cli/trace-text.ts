/** A simulation in words and signs, one line a step, in the order in which things happened. */
import { printPacketLine } from '../../../src-sim/sim/packet-line';
import { isCommand, type ScenarioStep } from '../../../src-sim/sim/scenario';
import type { Fate, MadePacket, PacketResult, Result, Step } from '../../../src-sim/sim/trace';
import { undecidedText } from '../../../src-sim/sim/undecided';
import type { Document } from '../analysis/document';
import { ruleText } from '../analysis/rule-text';
import type { Tree } from '../syntax/tree';
import { printable, type Style, styleFor } from './style';

export interface TraceLook {
  readonly color: boolean;
  /** Long runs of rules that do not match, too. */
  readonly showAll: boolean;
}

/** @param packets those that were sent, one for each result */
export function traceText(
  { tree }: Document,
  packets: readonly ScenarioStep[],
  { packets: results }: Result,
  { color, showAll }: TraceLook,
): string {
  const words: Words = { style: styleFor(color), tree, showAll };
  let before: readonly string[] = [];
  const parts = results.map((result, index) => {
    const packet = packets[index];
    const title = packet === undefined ? '' : titleOf(packet);
    const text = packetText(`${index + 1}  ${title}`, result, before, words);
    before = result.conntrack;
    return text;
  });
  return parts.join('\n');
}

function titleOf(step: ScenarioStep): string {
  return isCommand(step) ? `conntrack ${step.conntrack}` : printPacketLine(step);
}

interface Words {
  readonly showAll: boolean;
  readonly style: Style;
  readonly tree: Tree;
}

function packetText(title: string, result: PacketResult, before: readonly string[], words: Words): string {
  const { style } = words;
  const lines = [
    style.bold(printable(title)),
    ...stepLines(result.steps, words),
    ...result.made.flatMap((made) => madeLines(made, words)),
    ...conntrackLines(before, result.conntrack, style),
    ...result.unsure.map((why) => `  ${style.warn('not sure:')} ${printable(undecidedText(why))}`),
  ];
  return `${lines.join('\n')}\n`;
}

function madeLines({ what, src, dst, steps }: MadePacket, words: Words): readonly string[] {
  return [`  ${words.style.bold(printable(`caused: ${what}, ${src} > ${dst}`))}`, ...stepLines(steps, words)];
}

function stepLines(steps: readonly Step[], words: Words): readonly string[] {
  let hook = '';
  return runsOf(steps).flatMap((run) => {
    const [first] = run;
    const here = first && placeOfStep(first);
    const lines = here !== undefined && here !== hook ? [`  ${words.style.accent(here)}`] : [];
    hook = here ?? hook;
    return [...lines, ...runLines(run, words)];
  });
}

/** The hook of IP, or of the bridge, that a step belongs to. */
function placeOfStep(step: Step): string | undefined {
  if ('bridgeHook' in step) return `bridge ${step.bridgeHook}`;
  return 'hook' in step ? step.hook : undefined;
}

/** Of more rules in a row that do not match, only the first and the last are shown. */
const LONGEST_RUN = 12;
const SHOWN_OF_RUN = 3;

function runLines(run: readonly Step[], words: Words): readonly string[] {
  const lines = (steps: readonly Step[]) => steps.map((step) => `    ${stepText(step, words)}`);
  if (words.showAll || run.length <= LONGEST_RUN) return lines(run);
  const left = run.length - 2 * SHOWN_OF_RUN;
  const gap = words.style.dim(`    … ${left} more rules that do not match (--all shows them)`);
  return [...lines(run.slice(0, SHOWN_OF_RUN)), gap, ...lines(run.slice(-SHOWN_OF_RUN))];
}

/** Rules of one chain that one after the other do not match belong together; every other step stands alone. */
function runsOf(steps: readonly Step[]): readonly (readonly Step[])[] {
  const runs: Step[][] = [];
  for (const step of steps) {
    const last = runs.at(-1);
    const before = last?.at(-1);
    if (last && before && isMiss(step) && isMiss(before) && samePlace(step, before)) last.push(step);
    else runs.push([step]);
  }
  return runs;
}

type Miss = Step & { readonly kind: 'rule' | 'bridge-rule'; readonly matched: false };

function isMiss(step: Step): step is Miss {
  return (step.kind === 'rule' || step.kind === 'bridge-rule') && !step.matched;
}

function samePlace(a: Miss, b: Miss): boolean {
  return placeOfStep(a) === placeOfStep(b) && tableOf(a) === tableOf(b) && a.chain === b.chain;
}

function tableOf(step: Miss): string {
  return step.kind === 'rule' ? step.table : step.bridgeTable;
}

function stepText(step: Step, { style, tree }: Words): string {
  switch (step.kind) {
    case 'rule': {
      const text = printable(ruleText(tree, step.line));
      const place = `${step.table}:${step.chain}:${step.number}`;
      if (!step.matched) return style.dim(`· ${place}  ${text}  (${printable(whyNot(step.option, step.saw))})`);
      const detail = step.detail === undefined ? '' : ` (${printable(step.detail)})`;
      return `${style.good('✓')} ${place}  ${text}  ${style.bold(`→ ${printable(step.verdict || 'goes on')}`)}${detail}`;
    }
    case 'policy':
      return `${style.good('✓')} ${step.table}:${step.chain}  ${style.bold(`policy → ${step.verdict}`)}`;
    case 'return':
      return `↩ ${step.table}:${step.chain}  returns to the chain before`;
    case 'bridge-rule': {
      const place = `ebtables ${step.bridgeTable}:${printable(step.chain)}:${step.number}  ${printable(step.text)}`;
      if (!step.matched) return style.dim(`· ${place}  (${printable(whyNot(step.option, step.saw))})`);
      const detail = step.detail === undefined ? '' : ` (${printable(step.detail)})`;
      return `${style.good('✓')} ${place}  ${style.bold(`→ ${printable(step.verdict)}`)}${detail}`;
    }
    case 'bridge-policy':
      return `${style.good('✓')} ebtables ${step.bridgeTable}:${printable(step.chain)}  ${style.bold(`policy → ${step.verdict}`)}`;
    case 'conntrack':
      return `⇄ conntrack: ${style.bold(step.state)}, entry ${step.change}${step.text === '' ? '' : ` (${step.text})`}`;
    case 'confirm':
    case 'nat':
    case 'helper':
    case 'ipvs':
    case 'routing':
    case 'stack':
    case 'bridge':
      return `⇄ ${step.kind}: ${printable(step.text)}`;
    case 'end':
      return fateText(step.fate, style);
  }
}

function whyNot(option: string, saw: string): string {
  return option === '' ? saw : `--${option}: ${saw}`;
}

function fateText(fate: Fate, style: Style): string {
  switch (fate.kind) {
    case 'sent':
      return style.good(`■ sent by ${printable(fate.device)}`);
    case 'delivered':
      return style.good(`■ delivered to ${printable(fate.to)}`);
    case 'held':
      return style.warn(`■ held: ${printable(fate.reason)}`);
    case 'done':
      return `■ ${printable(fate.text)}`;
    default:
      return style.bad(`■ ${fate.kind} at ${printable(fate.where)}: ${printable(fate.reason)}`);
  }
}

/** The table after the packet: `+` new, `~` changed, `-` gone. */
function conntrackLines(before: readonly string[], after: readonly string[], style: Style): readonly string[] {
  const known = new Map(before.map((line) => [flowOf(line), line]));
  const left = new Set(after.map(flowOf));
  const lines = after.map((line) => {
    const earlier = known.get(flowOf(line));
    if (earlier === undefined) return style.good(`    + ${line}`);
    return earlier === line ? `      ${line}` : style.warn(`    ~ ${line}`);
  });
  const gone = before.filter((line) => !left.has(flowOf(line))).map((line) => style.bad(`    - ${line}`));
  return lines.length + gone.length === 0 ? [] : [`  ${style.accent('conntrack table')}`, ...lines, ...gone];
}

/** What makes two lines the same entry: its protocol and the addresses and ports of the original direction. */
function flowOf(line: string): string {
  const [, , , protocol, ...words] = line.split(' ');
  const tuple = words.filter((word) => /^(src|dst|sport|dport|type|code|id|zone)=/.test(word));
  return [protocol, ...tuple].join(' ');
}
