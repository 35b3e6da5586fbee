/** Words, lines and options as iptables-restore reads them. */
import { describe, expect, test } from 'vitest';
import { parse, parseLine, splitLines } from '../server/src/syntax/parse';
import { closest } from '../server/src/syntax/suggest';
import { splitWords } from '../server/src/syntax/token';
import type { CommandLine, Line } from '../server/src/syntax/tree';

describe('words', () => {
  // What iptables-restore makes of it, seen in what iptables-save prints of comments.
  test.each([
    ['a b', ['a', 'b']],
    ['  a\t b  ', ['a', 'b']],
    ['"a b" c', ['a b', 'c']],
    ['a"b c"d', ['ab c', 'd']],
    ['"a""b"', ['a', 'b']],
    ['""', ['']],
    ['a\\ b', ['a\\', 'b']],
    ['"a\\"b"', ['a"b']],
    ['"a\\\\b"', ['a\\b']],
    ['"a\\nb"', ['anb']],
    ["'a b'", ["'a", "b'"]],
    ['"a b', ['a b']],
    ['"a # b" #', ['a # b', '#']],
  ])('%s', (text, words) => {
    expect(splitWords(text, 0, text.length).words.map((word) => word.value)).toEqual(words);
  });

  test('a span holds the word with its quotes', () => {
    const text = '-j a"b c" "d';
    const { words, openQuote } = splitWords(text, 0, text.length);
    expect(words.map(({ span }) => text.slice(span.start, span.end))).toEqual(['-j', 'a"b c"', '"d']);
    expect(openQuote).toBe(10);
  });
});

describe('lines', () => {
  test.each<[string, Line['kind']]>([
    ['', 'blank'],
    ['# comment', 'comment'],
    ['*filter', 'table'],
    [':INPUT DROP [0:0]', 'chain'],
    ['COMMIT', 'commit'],
    ['[1:60] -A INPUT -j DROP', 'command'],
    ['-j DROP -A INPUT', 'command'],
    ['iptables -A INPUT', 'command'],
    ['hello', 'unknown'],
    ['-j DROP', 'unknown'],
  ])('%s', (text, kind) => {
    expect(parseLine(text, 'ipv4').kind).toBe(kind);
  });

  test('a text that ends with a newline has an empty last line', () => {
    expect(splitLines('a\r\nb\n')).toEqual(['a\r\n', 'b\n', '']);
    expect(splitLines('')).toEqual(['']);
  });
});

describe('parts', () => {
  const command = (text: string): CommandLine => {
    const line = parseLine(text, 'ipv4');
    if (line.kind !== 'command') throw new Error(`not a command: ${text}`);
    return line;
  };
  /** `name: words` of each option, with its owner's index. */
  const options = (text: string) =>
    command(text).parts.flatMap((part) =>
      part.kind === 'option'
        ? [`${part.bang ? '! ' : ''}${part.option}@${part.owner ?? part.extension.name}=${JSON.stringify(part.value)}`]
        : [],
    );

  test('a command with its chain, position and counters', () => {
    const { counters, flag, chain, position } = command('[7:420] -I INPUT 3 -j DROP');
    expect([counters?.packets, counters?.bytes, flag.value, chain?.value, position?.value]).toEqual([
      7,
      420,
      '-I',
      'INPUT',
      '3',
    ]);
  });

  test('options belong to what was loaded last', () => {
    expect(options('-A INPUT -m mark --mark 1 -m connmark --mark 2 -j MARK --set-mark 3')).toEqual([
      'mark@0={"value":1,"mask":4294967295}',
      'mark@2={"value":2,"mask":4294967295}',
      'set-mark@4={"value":3,"mask":4294967295}',
    ]);
  });

  test('-p makes options known that nothing else knows', () => {
    expect(options('-A INPUT -p tcp ! --dport 22')).toEqual(['protocol@builtin=6', '! dport@tcp={"min":22,"max":22}']);
    expect(options('-A INPUT -p udp -m udp --dport 53')).toEqual([
      'protocol@builtin=17',
      'dport@1={"min":53,"max":53}',
    ]);
  });

  test('words of an extension without a declaration are kept', () => {
    const { parts } = command('-A INPUT -m geoip ! --src-cc CN,RU --later -p tcp --dport 22');
    const unknown = parts.flatMap((part) => (part.kind === 'unknown' ? [part.words.map((word) => word.value)] : []));
    expect(unknown).toEqual([['!', '--src-cc', 'CN,RU'], ['--later']]);
    expect(options('-A INPUT -m geoip ! --src-cc CN,RU -p tcp --dport 22')).toHaveLength(2);
  });

  test('a value that cannot be read leaves the option in its place', () => {
    const { parts } = command('-A INPUT -p tcp --dport 70000 -j DROP');
    expect(parts.map((part) => part.kind)).toEqual(['option', 'option', 'jump']);
    expect(parts[1]).toMatchObject({ option: 'dport', value: undefined });
  });
});

test('a tree gives back every byte', () => {
  const text = '\uFEFF*filter\r\n:INPUT  DROP\t[0:0]\n\n  -A INPUT -m comment --comment "a\\"b" -j DROP  \n\0\nCOMMIT';
  const { lines } = parse(text);
  expect(lines.map((line) => line.text).join('')).toBe(text);
});

test('the nearest name', () => {
  const names = ['dport', 'sport', 'destination-port', 'ctstate'];
  expect(['dprot', 'dpot', 'sports', 'ctsate', 'CTSTATE', 'tos', 'mark'].map((word) => closest(word, names))).toEqual([
    'dport',
    'dport',
    'sport',
    'ctstate',
    'ctstate',
    undefined,
    undefined,
  ]);
});
