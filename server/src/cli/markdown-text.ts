/** Markdown of our own pages for a terminal: headings bold, code set apart, links by their words. */
import { type Style, styleFor } from './style';

export function markdownText(markdown: string, color: boolean): string {
  const style = styleFor(color);
  let inCode = false;
  const lines = markdown
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      if (!line.startsWith('```')) return [inCode ? `    ${style.accent(line)}` : textLine(line, style)];
      inCode = !inCode;
      return [];
    });
  return `${lines.join('\n')}\n`;
}

function textLine(line: string, style: Style): string {
  const heading = /^#{1,6} (.*)$/.exec(line);
  if (heading) return style.bold(withoutMarks(heading[1] ?? '', (code) => code));
  const quote = /^> ?(.*)$/.exec(line);
  if (quote) return style.warn(`| ${withoutMarks(quote[1] ?? '', (code) => code)}`);
  return withoutMarks(line, style.accent);
}

function withoutMarks(line: string, code: (text: string) => string): string {
  return line
    .replace(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .replace(/\*\*([^*]+)\*\*/g, '$1')
    .replace(/`([^`]+)`/g, (_, text: string) => code(text));
}
