/**
 * One table's walk: rules in order, jumps, gotos, returns, policy and counters.
 *
 * @kernel net/ipv4/netfilter/ip_tables.c:ipt_do_table
 */
import type { Route } from '../host/routing';
import type { Packet } from '../net/packet';
import type { Hook } from '../netfilter/hook';
import type { Chain, Json, MatchUse, Rule, TargetUse } from '../netfilter/ruleset';
import type { Mismatch, TargetAnswer } from '../xt/define';
import { applyTarget, askMatch, assumeMatch, assumeTarget } from './ask';
import type { InFlight } from './in-flight';
import type { LoadedTable, Machine } from './machine';
import type { Passage } from './passage';
import type { PacketFate, RulePlace, Step } from './trace';

export type Verdict =
  | { readonly kind: 'ACCEPT' }
  /** `where` as in the trace; `rejected` where the sender was told. */
  | { readonly kind: 'DROP'; readonly where: string; readonly reason: string; readonly rejected: boolean }
  /** IPVS took the packet out of the hook and sends it to a real server itself. */
  | { readonly kind: 'STOLEN'; readonly sent: Packet; readonly route: Route; readonly inTunnel: boolean }
  /** A fragment waits for the others. */
  | { readonly kind: 'HELD'; readonly fate: PacketFate };

export const ACCEPT: Verdict = { kind: 'ACCEPT' };

/** Where the walk goes on: the rule at `index` of `chain`; one past the last is the chain's end. */
interface Position {
  readonly chain: Chain;
  readonly index: number;
}

/** How the chains of a table are walked: as here, or compiled. */
export type Traverse = (table: LoadedTable, hook: Hook, passage: Passage) => Verdict;

export function traverse(table: LoadedTable, hook: Hook, passage: Passage): Verdict {
  const base = table.chains.get(hook);
  if (base === undefined) return ACCEPT;
  if (table.name === 'raw') markTraced(passage.flight, hook);
  return new Walk(table, base, passage).run();
}

/**
 * TRACE stands before raw's first rule, where a packet enters the host. One that enters a second time (by lo, or sent
 * on by IPVS) is traced already, so that rule is logged too: as number 0, since it is none of the ruleset's.
 */
function markTraced({ story, packet }: InFlight, hook: Hook): void {
  if (story.isTraced) story.log?.push({ text: `raw:${hook}:rule:0`, packet });
  story.isTraced = true;
}

class Walk {
  readonly #stack: Position[] = [];
  /** Why the packet is dropped after the rule that is tested. */
  #doom: string | undefined;
  readonly #machine: Machine;
  readonly #flight: InFlight;

  constructor(
    readonly table: LoadedTable,
    readonly base: Chain,
    readonly passage: Passage,
  ) {
    this.#machine = passage.machine;
    this.#flight = passage.flight;
  }

  run(): Verdict {
    let next: Position | Verdict = { chain: this.base, index: 0 };
    while ('chain' in next) {
      const rule: Rule | undefined = next.chain.rules[next.index];
      next = rule === undefined ? this.#endOfChain(next.chain) : this.#rule(rule, next);
    }
    return next;
  }

  #rule(rule: Rule, at: Position): Position | Verdict {
    this.passage.rule = rule;
    this.#doom = undefined;
    const failed = this.#firstMismatch(rule, at);
    if (failed?.kind === 'hotdrop') return this.#drop(this.#name(at, 'rule'), failed.reason);
    if (failed) {
      const { option, saw } = failed;
      if (this.#machine.explain === 'all')
        this.#tell({ kind: 'rule', matched: false, option, saw, ...this.#place(at, rule) });
      return this.#orDrop(at, following(at));
    }
    this.#machine.count(rule, this.#flight.packet.length);
    return this.#orDrop(at, this.#matched(rule, at));
  }

  /** What a match has doomed goes no further than its rule. */
  #orDrop(at: Position, next: Position | Verdict): Position | Verdict {
    return this.#doom === undefined ? next : this.#drop(this.#name(at, 'rule'), this.#doom);
  }

  /** Matches run left to right and stop at the first that fails: those behind it do not tick. */
  #firstMismatch(rule: Rule, at: Position): Mismatch | Hotdrop | undefined {
    for (const use of rule.matches) {
      const answer = askMatch(use, this.#flight.packet, this.passage);
      if (answer === true) continue;
      if (answer.kind === 'doomed') {
        this.#doom = answer.reason;
        continue;
      }
      if (answer.kind !== 'unsure') return answer;
      if (assumeMatch(this.#machine, use, answer.reason, this.#plainPlace(at))) continue;
      return { kind: 'mismatch', option: use.name, saw: `not decided here: ${answer.reason}` };
    }
    return undefined;
  }

  #matched(rule: Rule, at: Position): Position | Verdict {
    const { target } = rule;
    if (target.kind === 'none') return this.#traced(rule, at, '', following(at));
    if (target.kind !== 'target') return this.#jump(rule, target, at);
    // The trace line is written before the target runs: what REJECT sends comes after it.
    this.#traceRule(rule, at);
    const { steps } = this.#flight.story;
    const step = steps?.length ?? 0;
    const answer = applyTarget(target, this.#flight.packet, this.passage);
    const detail = this.#detail(answer);
    steps?.splice(step, 0, {
      kind: 'rule',
      matched: true,
      verdict: target.name,
      ...(detail ? { detail } : {}),
      ...this.#place(at, rule),
    });
    return this.#follow(answer, at);
  }

  #detail(answer: TargetAnswer): string {
    const said =
      answer.kind === 'verdict'
        ? answer.reason
        : answer.kind === 'unsure'
          ? `not decided here: ${answer.reason}`
          : undefined;
    return [...(said ? [said] : []), ...this.passage.logged.splice(0)].join('; ');
  }

  #follow(answer: TargetAnswer, at: Position): Position | Verdict {
    switch (answer.kind) {
      case 'continue':
        if (answer.packet) this.#flight.packet = answer.packet;
        return following(at);
      case 'unsure':
        return this.#follow(assumeTarget(this.#machine, this.#ruleTarget(at), answer.reason, this.#plainPlace(at)), at);
      case 'return':
        return this.#return();
      case 'verdict':
        if (answer.verdict === 'ACCEPT') return ACCEPT;
        return this.#drop(
          this.#name(at, 'rule'),
          answer.reason ?? `-j ${this.#ruleTarget(at)}`,
          this.#ruleTarget(at) === 'REJECT',
        );
    }
  }

  #ruleTarget(at: Position): string {
    const target = at.chain.rules[at.index]?.target;
    return target?.kind === 'target' ? target.name : '';
  }

  #jump(rule: Rule, target: TargetUse & { readonly kind: 'jump' | 'goto' }, at: Position): Position | Verdict {
    const chain = this.table.chains.get(target.chain);
    const verdict = `${target.kind} ${target.chain}`;
    if (chain === undefined) return this.#traced(rule, at, verdict, following(at));
    if (target.kind === 'jump') {
      if (this.#stack.length >= this.table.maxDepth) {
        return this.#traced(rule, at, verdict, this.#drop(this.#name(at, 'rule'), 'jumps are nested too deep'));
      }
      this.#stack.push(following(at));
    }
    return this.#traced(rule, at, verdict, { chain, index: 0 });
  }

  #endOfChain(chain: Chain): Position | Verdict {
    if (chain === this.base) return this.#policy();
    const at = { chain, index: chain.rules.length };
    this.#log(this.#name(at, 'return'));
    this.#tell({ kind: 'return', ...this.#place(at) });
    return this.#return();
  }

  /** At the base chain's level RETURN falls to the policy. */
  #return(): Position | Verdict {
    return this.#stack.pop() ?? { chain: this.base, index: this.base.rules.length };
  }

  #policy(): Verdict {
    const { base } = this;
    const at = { chain: base, index: base.rules.length };
    const verdict = base.policy ?? 'ACCEPT';
    this.#machine.count(base, this.#flight.packet.length);
    this.#log(this.#name(at, 'policy'));
    this.#tell({ kind: 'policy', verdict, ...this.#place(at) });
    return verdict === 'ACCEPT' ? ACCEPT : this.#drop(this.#name(at, 'policy'), `the policy of ${base.name} is DROP`);
  }

  #drop(where: string, reason: string, rejected = false): Verdict {
    return { kind: 'DROP', where, reason, rejected };
  }

  #traced<T>(rule: Rule, at: Position, verdict: string, next: T): T {
    this.#traceRule(rule, at);
    this.#tell({ kind: 'rule', matched: true, verdict, ...this.#place(at, rule) });
    return next;
  }

  #traceRule(rule: Rule, at: Position): void {
    this.#log(this.#name(at, traceWord(rule, at.chain === this.base)));
  }

  #log(text: string): void {
    const { story, packet } = this.#flight;
    story.log?.push({ text, packet });
  }

  #tell(step: Step): void {
    this.#flight.story.steps?.push(step);
  }

  #name({ chain, index }: Position, word: string): string {
    return `${this.table.name}:${chain.name}:${word}:${index + 1}`;
  }

  #plainPlace({ chain, index }: Position): string {
    return `${this.table.name}:${chain.name}:${index + 1}`;
  }

  #place({ chain, index }: Position, rule?: Rule): RulePlace {
    const line = rule?.line;
    return {
      hook: this.passage.hook,
      table: this.table.name,
      chain: chain.name,
      number: index + 1,
      ...(line === undefined ? {} : { line }),
    };
  }
}

interface Hotdrop {
  readonly kind: 'hotdrop';
  readonly reason: string;
}

function following({ chain, index }: Position): Position {
  return { chain, index: index + 1 };
}

const CHAIN_ENDS: ReadonlySet<string> = new Set(['ACCEPT', 'DROP', 'RETURN', 'QUEUE']);

/** `-s 0.0.0.0/0` leaves nothing in the rule that is loaded. */
function saysNothing({ name, options }: MatchUse): boolean {
  return name === 'builtin' && Object.values(options).every((given) => !given?.inverted && isEverywhere(given?.value));
}

function isEverywhere(value: Json | undefined): boolean {
  if (!Array.isArray(value)) return false;
  return value.every((one) => typeof one === 'object' && one !== null && 'mask' in one && EVERYWHERE.has(one.mask));
}

const EVERYWHERE: ReadonlySet<unknown> = new Set(['0.0.0.0', '::']);

/**
 * TRACE takes a rule without any condition whose target is a plain verdict for the chain's tail.
 *
 * @kernel net/ipv4/netfilter/ip_tables.c:get_chainname_rulenum
 */
function traceWord(rule: Rule, isBase: boolean): 'rule' | 'policy' | 'return' {
  const { target } = rule;
  const looksLikeTail = rule.matches.every(saysNothing) && target.kind === 'target' && CHAIN_ENDS.has(target.name);
  if (!looksLikeTail) return 'rule';
  return isBase ? 'policy' : 'return';
}
