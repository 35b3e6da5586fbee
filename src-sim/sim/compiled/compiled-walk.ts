/**
 * The walk of sim/traverse.ts, for verdicts alone: it tests only those rules that a chain's index leaves, and tells no
 * story. The two are held equal, packet by packet and counter by counter, by test/compiled.test.ts.
 */
import type { Chain, Rule, TargetUse } from '../../netfilter/ruleset';
import type { TargetAnswer } from '../../xt/define';
import { applyTarget, askMatch, assumeMatch, assumeTarget } from '../ask';
import type { Recorder } from '../learnt/recorder';
import type { LoadedTable, Machine } from '../machine';
import type { Passage } from '../passage';
import { ACCEPT, type Traverse, type Verdict } from '../traverse';
import { type CompiledChain, type CompiledRule, compileChain } from './compile-chain';
import { Header } from './header';

/** The chains of one machine, each compiled when a packet first enters it. */
export class CompiledChains {
  readonly header: Header;
  #recorder: Recorder | undefined;
  readonly #chains = new Map<Chain, CompiledChain>();

  constructor(readonly machine: Machine) {
    this.header = new Header(machine.family);
  }

  readonly traverse: Traverse = (table, hook, passage) => {
    const base = table.chains.get(hook);
    return base === undefined ? ACCEPT : new CompiledWalk(this, table, this.of(base), passage).run();
  };

  /** Set while somebody writes down how a packet goes. */
  get recorder(): Recorder | undefined {
    return this.#recorder;
  }
  set recorder(recorder: Recorder | undefined) {
    this.#recorder = recorder;
    this.header.listener = recorder;
  }

  of(chain: Chain): CompiledChain {
    const known = this.#chains.get(chain);
    if (known) return known;
    const compiled = compileChain(chain, this.machine.family);
    this.#chains.set(chain, compiled);
    return compiled;
  }
}

interface Return {
  readonly chain: CompiledChain;
  readonly at: number;
}

class CompiledWalk {
  #chain: CompiledChain;
  /** The rule that is tested next, unless the index leads further. */
  #at = 0;
  readonly #returns: Return[] = [];

  constructor(
    readonly chains: CompiledChains,
    readonly table: LoadedTable,
    readonly base: CompiledChain,
    readonly passage: Passage,
  ) {
    this.#chain = base;
    chains.header.load(passage.flight.packet, passage);
    if (chains.recorder) chains.recorder.isTranslated = passage.hook !== 'PREROUTING';
  }

  run(): Verdict {
    for (;;) {
      const rule = this.#nextRule();
      const verdict = rule === undefined ? this.#endOfChain() : this.#test(rule);
      if (verdict) return verdict;
    }
  }

  #nextRule(): CompiledRule | undefined {
    const { header } = this.chains;
    const { index, rules } = this.#chain;
    const at = header.isWhole ? index.next(header, this.#at) : this.#at;
    this.#at = at + 1;
    return rules[at];
  }

  #test(compiled: CompiledRule): Verdict | undefined {
    const { rule, rest } = compiled;
    const { machine, flight } = this.passage;
    this.passage.rule = rule;
    // What the index knows of the header says nothing of a packet that is not whole.
    let doom: string | undefined;
    for (const use of this.chains.header.isWhole ? rest : rule.matches) {
      this.chains.recorder?.spoil();
      const answer = askMatch(use, flight.packet, this.passage);
      if (answer === true) continue;
      if (answer.kind === 'hotdrop') return this.#drop('rule', answer.reason);
      if (answer.kind === 'doomed') {
        doom = answer.reason;
        continue;
      }
      if (answer.kind === 'unsure' && assumeMatch(machine, use, answer.reason, this.#place())) continue;
      return doom === undefined ? undefined : this.#drop('rule', doom);
    }
    compiled.counters ??= machine.tally(rule);
    compiled.counters.packets += 1;
    compiled.counters.bytes += flight.packet.length;
    this.chains.recorder?.counted(compiled.counters, compiled.isSteady);
    const at = { chain: this.#chain, at: this.#at };
    const verdict = this.#follow(rule);
    if (doom === undefined) return verdict;
    this.#chain = at.chain;
    this.#at = at.at;
    return this.#drop('rule', doom);
  }

  #follow({ target }: Rule): Verdict | undefined {
    if (target.kind === 'none') return undefined;
    if (target.kind !== 'target') return this.#jump(target);
    const { machine, flight } = this.passage;
    const answer = applyTarget(target, flight.packet, this.passage);
    switch (answer.kind) {
      case 'verdict':
        return this.#decide(target.name, answer);
      case 'return':
        return this.#return();
      case 'unsure': {
        const assumed = assumeTarget(machine, target.name, answer.reason, this.#place());
        if (assumed.kind === 'verdict') return this.#decide(target.name, assumed);
        break;
      }
      case 'continue':
        if (answer.packet) flight.packet = answer.packet;
    }
    this.chains.header.load(flight.packet, this.passage);
    return undefined;
  }

  #decide(target: string, answer: TargetAnswer & { readonly kind: 'verdict' }): Verdict {
    if (answer.verdict === 'ACCEPT') return ACCEPT;
    return this.#drop('rule', answer.reason ?? `-j ${target}`, target === 'REJECT');
  }

  #jump(target: TargetUse & { readonly kind: 'jump' | 'goto' }): Verdict | undefined {
    const chain = this.table.chains.get(target.chain);
    if (chain === undefined) return undefined;
    if (target.kind === 'jump') {
      if (this.#returns.length >= this.table.maxDepth) return this.#drop('rule', 'jumps are nested too deep');
      this.#returns.push({ chain: this.#chain, at: this.#at });
    }
    this.#chain = this.chains.of(chain);
    this.#at = 0;
    return undefined;
  }

  #endOfChain(): Verdict | undefined {
    return this.#chain === this.base ? this.#policy() : this.#return();
  }

  #return(): undefined {
    const { chain, at } = this.#returns.pop() ?? { chain: this.base, at: this.base.rules.length };
    this.#chain = chain;
    this.#at = at;
  }

  #policy(): Verdict {
    const { chain } = this.base;
    const { machine, flight } = this.passage;
    machine.count(chain, flight.packet.length);
    this.chains.recorder?.counted(machine.tally(chain), true);
    if (chain.policy !== 'DROP') return ACCEPT;
    return this.#drop('policy', `the policy of ${chain.name} is DROP`);
  }

  /** Of the rule that was taken last. */
  #place(): string {
    return `${this.table.name}:${this.#chain.chain.name}:${this.#at}`;
  }

  /** The same rule ends the packet's way. */
  #drop(word: 'rule' | 'policy', reason: string, rejected = false): Verdict {
    const where = `${this.table.name}:${this.#chain.chain.name}:${word}:${this.#at}`;
    return { kind: 'DROP', where, reason, rejected };
  }
}
