/** The project's own TypeScript, and what each file imports. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

export interface SourceFile {
  /** From the root of the project, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface Import {
  /** A file of the project without its ending, or the name of a package. */
  readonly to: string;
  readonly isPackage: boolean;
  /** `import type`: nothing of it is there at run time. */
  readonly isType: boolean;
}

/** Every file below the folders given whose name ends so, built files apart. */
export function sourceFiles(folders: readonly string[], endings: readonly string[]): readonly SourceFile[] {
  return folders.flatMap((folder) => filesBelow(join(root, folder), endings));
}

function filesBelow(folder: string, endings: readonly string[]): readonly SourceFile[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return isBuilt(entry.name) ? [] : filesBelow(path, endings);
    if (!endings.some((ending) => entry.name.endsWith(ending))) return [];
    return [{ path: relative(root, path).replaceAll('\\', '/'), text: readFileSync(path, 'utf8') }];
  });
}

function isBuilt(name: string): boolean {
  return ['node_modules', 'out', 'dist', 'screenshots'].includes(name) || name.startsWith('.');
}

const IMPORT = /^(import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm;
const DYNAMIC_IMPORT = /\bimport\(\s*'([^']+)'/g;

export function importsOf({ path, text }: SourceFile): readonly Import[] {
  const found = [...text.matchAll(IMPORT)].map(([, , type, to = '']) => ({ to, isType: type !== undefined }));
  const dynamic = [...text.matchAll(DYNAMIC_IMPORT)].map(([, to = '']) => ({ to, isType: false }));
  return [...found, ...dynamic].map(({ to, isType }) => {
    const isPackage = !to.startsWith('.');
    const file = normalize(join(dirname(path), to)).replaceAll('\\', '/');
    return { to: isPackage ? to : file, isPackage, isType };
  });
}
