/** Finds the `chainwalk.yaml` that speaks of a ruleset: in its folder, or in one above, up to the root of a repository. */
import { dirname, join, relative, sep } from 'node:path';
import { PROJECT_FILE_NAME, type ProjectWords, projectWords, readProjectFile } from '../project/project-file';
import { namesIn, type ReadText } from './read-text';

/** The nearest one alone; undefined where there is none. */
export async function readProjectFor(path: string, readText: ReadText): Promise<ProjectWords | undefined> {
  for (const folder of foldersAbove(path)) {
    const text = await readText(join(folder, PROJECT_FILE_NAME));
    if (text !== undefined) return projectWords(readProjectFile(text), relative(folder, path).replaceAll(sep, '/'));
    if ((await namesIn(folder)).includes('.git')) return undefined;
  }
  return undefined;
}

function foldersAbove(path: string): readonly string[] {
  const folder = dirname(path);
  return folder === path ? [] : [folder, ...foldersAbove(folder)];
}
