// Bundles the parts of the extension into dist/.
//   node esbuild.mjs                 for development: source maps, readable
//   node esbuild.mjs --production    for the package: minified
//   node esbuild.mjs --watch         builds again at every change
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { distDir, root } from './scripts/paths.mjs';
import { writeThirdPartyNotices } from './scripts/third-party-notices.mjs';

const production = process.argv.includes('--production');
const watch = process.argv.includes('--watch');

/** @type {esbuild.BuildOptions} */
const node = { platform: 'node', target: 'node20', format: 'cjs' };

/** The command line is an ES module, as package.json says of .js; what it bundles may be CommonJS and call require. */
const esModuleWithRequire = [
  '#!/usr/bin/env node',
  "import { createRequire as chainwalkCreateRequire } from 'node:module';",
  'const require = chainwalkCreateRequire(import.meta.url);',
].join('\n');

/** @type {readonly {entry: string, out: string, executable?: boolean, options: esbuild.BuildOptions}[]} */
const bundles = [
  // VS Code loads the extension with require(): .cjs, since package.json has "type": "module".
  { entry: 'client/src/extension.ts', out: 'extension.cjs', options: { ...node, external: ['vscode'] } },
  { entry: 'server/src/lsp/main.ts', out: 'server.cjs', options: node },
  {
    entry: 'server/src/cli/main.ts',
    out: 'cli.js',
    executable: true,
    options: { ...node, format: 'esm', banner: { js: esModuleWithRequire } },
  },
  {
    entry: 'client/src/webview/main.ts',
    out: 'webview.js',
    options: { platform: 'browser', target: 'es2022', format: 'iife' },
  },
  { entry: 'client/src/webview/panel.css', out: 'panel.css', options: {} },
];

/** @param {typeof bundles[number]} bundle */
function buildOptions({ entry, out, executable, options }) {
  return /** @satisfies {esbuild.BuildOptions} */ ({
    ...options,
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: join(distDir, out),
    bundle: true,
    // Packages that offer both: their ES modules, which can be shaken and do not hide behind UMD wrappers.
    mainFields: options.platform === 'browser' ? ['browser', 'module', 'main'] : ['module', 'main'],
    minify: production,
    sourcemap: !production,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    plugins: executable ? [makeExecutable(join(distDir, out))] : [],
  });
}

/**
 * @param {string} file
 * @returns {esbuild.Plugin}
 */
function makeExecutable(file) {
  return {
    name: 'make-executable',
    setup: (build) => build.onEnd((result) => (result.errors.length === 0 ? chmodSync(file, 0o755) : undefined)),
  };
}

if (production) rmSync(distDir, { recursive: true, force: true });
mkdirSync(distDir, { recursive: true });
const wanted = bundles.map(buildOptions);
if (watch) {
  const contexts = await Promise.all(wanted.map((options) => esbuild.context({ ...options, logLevel: 'info' })));
  await Promise.all(contexts.map((context) => context.watch()));
} else {
  // esbuild prints the errors itself.
  const results = await Promise.all(wanted.map((options) => esbuild.build(options).catch(() => undefined)));
  const metafiles = results.flatMap((result) => result?.metafile ?? []);
  if (metafiles.length < wanted.length) process.exitCode = 1;
  else if (production) writeThirdPartyNotices(metafiles);
}
