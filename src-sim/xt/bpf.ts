import { bytesOf } from '../net/bytes';
import { type Instruction, programProblem, runProgram, type Surroundings } from './bpf-program';
import { defineMatch, fails, leaves, mismatch, option, type Parsed, same, saved, takes } from './define';
import { asked } from './region';
import { allParsed, bad, mapParsed, ok, text, word } from './value-types';
import type { World } from './world';

/** @kernel include/uapi/linux/netfilter/xt_bpf.h:XT_BPF_MAX_NUM_INSTR */
const MOST_INSTRUCTIONS = 64;

const LIMITS = { code: 0x1_0000, jt: 0x100, jf: 0x100, k: 0x1_0000_0000 } as const;

/** `4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0`: how many instructions, and these. */
const bytecode = word<readonly Instruction[]>(
  'length,instruction,…, each of four numbers',
  (program) => {
    const [length = '', ...rest] = program.trim().replace(/,$/, '').split(',');
    if (!/^\d+$/.test(length) || rest.length === 0) return bad(`"${program}" does not begin with its length`);
    if (rest.length !== Number(length)) return bad(`the program has not the ${length} instructions that it announces`);
    return rest.length > MOST_INSTRUCTIONS
      ? bad(`at most ${MOST_INSTRUCTIONS} instructions`)
      : allParsed(rest.map(readInstruction));
  },
  (program) => `"${[program.length, ...program.map(({ code, jt, jf, k }) => `${code} ${jt} ${jf} ${k}`)].join(',')}"`,
);

/** As scanf(3) reads them: what is too large loses its upper bits. */
function readInstruction(words: string): Parsed<Instruction> {
  const numbers = words.trim().split(/\s+/);
  if (numbers.length !== 4) return bad(`"${words}" is not four numbers`);
  return mapParsed(allParsed(numbers.map(readNumber)), ([code = 0, jt = 0, jf = 0, k = 0]) => {
    return { code: wrap(code, LIMITS.code), jt: wrap(jt, LIMITS.jt), jf: wrap(jf, LIMITS.jf), k: wrap(k, LIMITS.k) };
  });
}

function readNumber(digits: string): Parsed<number> {
  return /^-?\d+$/.test(digits) ? ok(Number(digits)) : bad(`"${digits}" is not a number`);
}

function wrap(value: number, limit: number): number {
  return ((value % limit) + limit) % limit;
}

export const bpf = defineMatch({
  name: 'bpf',
  families: ['ipv4', 'ipv6'],
  summary: 'A BPF program takes the packet: it returns anything but 0.',
  details: [
    'The program sees the packet from its IP header on. `nfbpf_compile RAW "ip proto 6"` makes one of an expression of',
    'tcpdump; `RAW` matters, since there is no Ethernet header before it.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_bpf.c:bpf_mt_v1',
  oneOf: [['bytecode', 'object-pinned']],
  options: {
    bytecode: option(bytecode, 'A classic program: its length, and each instruction as `CODE JT JF K`.'),
    'object-pinned': option(text, 'An extended program, loaded already and pinned to this path.'),
  },
  examples: [
    same('-m bpf --bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0"'),
    saved('-m bpf --bytecode "1,6 0 0 1,"', '-m bpf --bytecode "1,6 0 0 1"'),
    fails('-m bpf', 'one of'),
    fails('-m bpf --bytecode "2,6 0 0 1"', 'announces'),
    fails('-m bpf --bytecode "0"', 'length'),
    fails('-m bpf --bytecode "1,0x6 0 0 1"', 'not a number'),
    fails('-m bpf --bytecode "1,48 0 0 9"', 'has to return'),
    fails('-m bpf --bytecode "2,5 0 0 5,6 0 0 0"', 'not allowed'),
    fails('-m bpf --bytecode "2,52 0 0 0,6 0 0 0"', 'not allowed'),
    fails('-m bpf --bytecode "2,96 0 0 3,6 0 0 0"', 'may not have been written'),
    takes('-m bpf --bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0"', 'in eth0 tcp 198.51.100.7:4000 > 10.0.0.2:22 S'),
    leaves('-m bpf --bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0"', 'in eth0 udp 198.51.100.7:4000 > 10.0.0.2:22'),
  ],
  refuses: ({ bytecode: program }) => program && programProblem(program.value),
  matches(packet, { bytecode: program }, world) {
    if (program === undefined) return { kind: 'unsure', reason: 'what the pinned program does is not known here' };
    const returned = runProgram(program.value, bytesOf(packet), surroundings(world));
    if (returned === undefined) return { kind: 'unsure', reason: 'the program asks for what is not known here' };
    return returned !== 0 ? true : mismatch('bytecode', 'the program returned 0');
  },
  region: (given) => asked('bpf', given),
});

/** @kernel include/uapi/linux/if_packet.h:PACKET_HOST */
const PACKET_TYPES = { unicast: 0, broadcast: 1, multicast: 2, loopback: 5 } as const;

function surroundings({ mark, family, packetType }: World): Surroundings {
  return { mark, etherType: family === 'ipv4' ? 0x0800 : 0x86dd, packetType: PACKET_TYPES[packetType] };
}
