/** The grammars of syntaxes/, as an editor reads them. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import oniguruma from 'vscode-oniguruma';
import textmate, { type IGrammar } from 'vscode-textmate';

const folder = join(import.meta.dirname, '..', '..', 'syntaxes');

const GRAMMAR_FILES: Readonly<Record<string, string>> = {
  'source.iptables': 'iptables.tmLanguage.json',
  'source.iptables.shell': 'iptables-shell.tmLanguage.json',
  'text.html.markdown.iptables': 'iptables-markdown.tmLanguage.json',
  'source.nf-conntrack': 'conntrack.tmLanguage.json',
};

export async function loadGrammar(scopeName: string): Promise<IGrammar> {
  const wasm = createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm');
  await oniguruma.loadWASM(readFileSync(wasm));
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async (name) => {
      const file = GRAMMAR_FILES[name];
      if (file === undefined) return null;
      return textmate.parseRawGrammar(readFileSync(join(folder, file), 'utf8'), file);
    },
  });
  const grammar = await registry.loadGrammar(scopeName);
  if (grammar === null) throw new Error(`no grammar ${scopeName}`);
  return grammar;
}

/** A word with its innermost scope. */
export interface Token {
  readonly text: string;
  readonly scope: string;
}

/** The words of lines that follow each other. */
export function tokensOfLines(grammar: IGrammar, lines: readonly string[]): readonly (readonly Token[])[] {
  let state = textmate.INITIAL;
  return lines.map((line) => {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, state);
    state = ruleStack;
    return tokens.map(({ startIndex, endIndex, scopes }) => ({
      text: line.slice(startIndex, endIndex),
      scope: scopes.at(-1) ?? '',
    }));
  });
}
