/**
 * Data tests: a file holds an input, then after a line `---` the answer expected for it. Several cases stand in one
 * file, each after a line `=== name`. UPDATE_EXPECT=1 writes the answers that the code gives.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';

interface Case {
  readonly name: string;
  readonly input: string;
  readonly answer: string;
}

/** Runs every case of every file `NAME.txt` in `folder` through `answerTo`. */
export function testExpectedAnswers(
  folder: string,
  answerTo: (input: string, file: string) => string | Promise<string>,
): void {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt'))) {
    describe(basename(file, '.txt'), () => testFile(join(folder, file), answerTo));
  }
}

export function testFile(
  path: string,
  answerTo: (input: string, file: string, name: string) => string | Promise<string>,
): void {
  const cases = readCases(readFileSync(path, 'utf8'));
  if (process.env.UPDATE_EXPECT === '1') {
    test('answers written', async () => {
      const answered = await Promise.all(
        cases.map(async (each) => ({ ...each, answer: await answerTo(each.input, basename(path, '.txt'), each.name) })),
      );
      writeFileSync(path, printCases(answered));
    });
    return;
  }
  test.each(cases.map((each) => [each.name, each] as const))('%s', async (name, { input, answer }) => {
    expect(await answerTo(input, basename(path, '.txt'), name)).toBe(answer);
  });
}

function readCases(text: string): readonly Case[] {
  return text
    .split(/^=== /m)
    .slice(1)
    .map((part) => {
      const [name = '', ...lines] = part.split('\n');
      const separator = lines.indexOf('---');
      const at = separator === -1 ? lines.length : separator;
      return {
        name,
        input: lines.slice(0, at).join('\n'),
        answer: lines
          .slice(at + 1)
          .join('\n')
          .trimEnd(),
      };
    });
}

function printCases(cases: readonly Case[]): string {
  const texts = cases.map(({ name, input, answer }) => `=== ${name}\n${input.trimEnd()}\n---\n${answer.trimEnd()}\n`);
  return texts.join('\n');
}
