/** What a measurement says, as the lines of a Markdown table, and of which machine. */
import { cpus, loadavg, totalmem } from 'node:os';

export function title(text: string): void {
  console.log(`\n### ${text}\n`);
}

export function row(...cells: readonly string[]): void {
  console.log(`| ${cells.join(' | ')} |`);
}

export function header(...cells: readonly string[]): void {
  row(...cells);
  row(...cells.map((_, column) => (column === 0 ? '---' : '---:')));
}

export function machineShape(): string {
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const busy = loadavg()[0]?.toFixed(1);
  return `${cpus().length} cores, ${gigabytes} GB, Node ${process.versions.node}; load when it began: ${busy}`;
}

export function thousands(number: number): string {
  return Math.round(number).toLocaleString('en');
}

export function megabytes(bytes: number): string {
  return `${thousands(bytes / 2 ** 20)} MB`;
}

export function times(ratio: number): string {
  return `× ${ratio < 10 ? ratio.toFixed(2) : thousands(ratio)}`;
}

/** The value that `share` of all stay below. */
export function percentile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;
}
