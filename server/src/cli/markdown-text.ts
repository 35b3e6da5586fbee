/** Markdown of our own pages for a terminal: headings bold, code set apart, links by their words. */
import { styleFor } from './style';

export function markdownText(markdown: string, color: boolean): string {
  const style = styleFor(color);
  let inCode = false;
  const lines = markdown
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      if (line.startsWith('```')) {
        inCode = !inCode;
        return [];
      }
      if (inCode) return [`    ${style.accent(line)}`];
      const heading = /^#{1,6} (.*)$/.exec(line);
      if (heading) return [style.bold(inline(heading[1] ?? ''))];
      return [inline(line, style.accent)];
    });
  return `${lines.join('\n')}\n`;
}

function inline(line: string, code: (text: string) => string = (text) => text): string {
  return line
    .replace(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .replace(/\*\*([^*]+)\*\*/g, '$1')
    .replace(/`([^`]+)`/g, (_, text: string) => code(text));
}
