/** Findings for people, for GitHub's log, and for whoever reads JUnit's XML. */

import type { FileReport, LintLine, LintResult } from './lint-report';
import { printable, type Style, styleFor } from './style';

/** `FILE:LINE:COLUMN: SEVERITY: MESSAGE [CODE]` */
export function textReport(reports: readonly FileReport[], color: boolean): string {
  const style = styleFor(color);
  return told(reports)
    .map((one) => `${lineText(one, style)}\n`)
    .join('');
}

export function jsonReport(reports: readonly FileReport[]): string {
  const lines = told(reports).map(
    ({ file, line, column, endLine, endColumn, severity, code, message }): LintLine => ({
      file,
      line,
      column,
      endLine,
      endColumn,
      severity,
      code,
      message,
    }),
  );
  return `${JSON.stringify(lines, null, 2)}\n`;
}

/** GitHub's workflow commands: they become annotations of the changed lines. */
export function githubReport(reports: readonly FileReport[]): string {
  return told(reports)
    .map(({ file, line, column, endLine, endColumn, severity, code, message }) => {
      const command = severity === 'error' || severity === 'warning' ? severity : 'notice';
      // A range of columns is taken within one line only.
      const columns = line === endLine ? `,col=${column},endColumn=${endColumn}` : '';
      const place = `file=${property(file)},line=${line},endLine=${endLine}${columns},title=${property(code)}`;
      return `::${command} ${place}::${data(message)}\n`;
    })
    .join('');
}

/** A suite for each file, a failed case for each finding. */
export function junitReport(reports: readonly FileReport[]): string {
  const suites = reports.map((report) => {
    const results = told([report]);
    const cases = results.length === 0 && report.failure === undefined ? [passedCase(report)] : results.map(failedCase);
    const failure = report.failure === undefined ? [] : [erredCase(report, report.failure)];
    const count = `tests="${cases.length + failure.length}" failures="${results.length}" errors="${failure.length}"`;
    return [`  <testsuite name="${xml(report.file)}" ${count}>`, ...cases, ...failure, '  </testsuite>'].join('\n');
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites name="chainwalk">',
    ...suites,
    '</testsuites>',
    '',
  ].join('\n');
}

/** What neither a comment nor a baseline suppresses. */
function told(reports: readonly FileReport[]): readonly LintResult[] {
  return reports.flatMap(({ results }) => results.filter(({ suppressed }) => suppressed === undefined));
}

function lineText({ file, line, column, severity, code, message }: LintLine, style: Style): string {
  const paint = severity === 'error' ? style.bad : severity === 'warning' ? style.warn : style.accent;
  const place = style.bold(`${printable(file)}:${line}:${column}:`);
  return `${place} ${paint(`${severity}:`)} ${printable(message)} ${style.dim(`[${code}]`)}`;
}

function passedCase({ file }: FileReport): string {
  return `    <testcase classname="${xml(file)}" name="lint"/>`;
}

function failedCase({ file, line, column, severity, code, message }: LintResult): string {
  const place = `${file}:${line}:${column}`;
  return [
    `    <testcase classname="${xml(file)}" name="${xml(`${code} at ${line}:${column}`)}">`,
    `      <failure type="${severity}" message="${xml(message)}">${xml(`${place}: ${message}`)}</failure>`,
    '    </testcase>',
  ].join('\n');
}

function erredCase({ file }: FileReport, failure: string): string {
  return [
    `    <testcase classname="${xml(file)}" name="read">`,
    `      <error message="${xml(failure)}"/>`,
    '    </testcase>',
  ].join('\n');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Control characters have no place in XML: they are spelt out. */
function xml(text: string): string {
  return printable(text)
    .replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '')
    .replace(/[\uD800-\uDFFF\uFFFE\uFFFF]/gu, '\uFFFD');
}

/** As GitHub's own toolkit writes them. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
