/** What the panel's page may not contain: a ruleset is untrusted text, and a theme is the user's. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const webview = join(import.meta.dirname, '..', 'client', 'src', 'webview');
const files = readdirSync(webview, { recursive: true, encoding: 'utf8' }).map((name) => ({
  name,
  path: join(webview, name),
}));

function sources(ending: string): readonly { name: string; text: string }[] {
  return files
    .filter(({ name }) => name.endsWith(ending))
    .map(({ name, path }) => ({ name, text: readFileSync(path, 'utf8') }));
}

test('text never becomes markup or code', () => {
  const forbidden =
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|setHTML|\beval\(|new Function|\bimport\(/;
  const found = sources('.ts').filter(({ text }) => forbidden.test(text));
  expect(found.map(({ name }) => name)).toEqual([]);
  expect(sources('.ts').length).toBeGreaterThan(25);
});

test('nothing comes from the network', () => {
  const found = [...sources('.ts'), ...sources('.css')].filter(({ text }) =>
    /https?:(?!\/\/www\.w3\.org\/)|\burl\((?!#)|\bfetch\(/.test(text),
  );
  expect(found.map(({ name }) => name)).toEqual([]);
});

test('the page brings one policy, which lets in nothing but our own script and style', () => {
  const page = readFileSync(join(webview, '..', 'panel-page.ts'), 'utf8');
  const policy = /const policy = `([^`]*)`/.exec(page)?.[1]?.replaceAll(/\$\{[\w.]+\}/g, 'OURS');
  expect(policy).toBe("default-src 'none'; style-src OURS; script-src 'nonce-OURS'");
  expect(page).not.toContain('unsafe');
});

test("every colour is the theme's", () => {
  for (const { name, text } of sources('.css')) {
    const declarations = text.replaceAll(/\/\*[\s\S]*?\*\//g, '');
    expect(declarations.match(/#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(/gi), name).toBeNull();
  }
});

test('every tone that the code names has a colour, and every colour is a tone', () => {
  const tones = readFileSync(join(webview, 'tone.ts'), 'utf8').match(/export type Tone = ([^;]+);/)?.[1] ?? '';
  const named = [...tones.matchAll(/'([a-z]+)'/g)].map(([, tone]) => tone);
  const css = sources('.css')
    .map(({ text }) => text)
    .join('\n');
  const styled = [...css.matchAll(/^\.tone-([a-z]+) \{/gm)].map(([, tone]) => tone);
  expect(new Set(styled)).toEqual(new Set(named.filter((tone) => tone !== 'strong')));
});
