/**
 * Classic BPF: programs of four-number instructions that read a packet and answer with a number.
 *
 * @see Documentation/networking/filter.rst, "BPF engine and instruction set"
 */

export type Instruction = { readonly code: number; readonly jt: number; readonly jf: number; readonly k: number };

/** What a program may ask besides the bytes of the packet. */
export interface Surroundings {
  readonly mark: number;
  /** As Ethernet writes it: 0x0800, 0x86dd. */
  readonly etherType: number;
  /** @kernel include/uapi/linux/if_packet.h:PACKET_HOST */
  readonly packetType: number;
}

const CLASS = { ld: 0, ldx: 1, st: 2, stx: 3, alu: 4, jmp: 5, ret: 6, misc: 7 } as const;
const MODE = { imm: 0x00, abs: 0x20, ind: 0x40, mem: 0x60, len: 0x80, msh: 0xa0 } as const;
const WIDTH: Readonly<Record<number, number>> = { 0: 4, 8: 2, 16: 1 };
const OPERAND_X = 0x08;
const RET_A = 0x16;
const TXA = 0x87;

const MEMORY_WORDS = 16;
/** Absolute addresses from here on are questions about the packet's surroundings. @kernel linux/filter.h:SKF_AD_OFF */
const ANCILLARY = 0xffff_f000;
/** Addresses from here on count from the IP header. @kernel linux/filter.h:SKF_NET_OFF */
const NETWORK = 0xfff0_0000;

type Arithmetic = (a: number, operand: number) => number | undefined;

/** By `code & 0xf0`; undefined: the program ends with 0, as at a division by zero. */
const ALU: Readonly<Record<number, Arithmetic>> = {
  0: (a, operand) => a + operand,
  16: (a, operand) => a - operand,
  32: (a, operand) => Math.imul(a, operand),
  48: (a, operand) => (operand === 0 ? undefined : Math.floor(a / operand)),
  64: (a, operand) => a | operand,
  80: (a, operand) => a & operand,
  96: (a, operand) => a << operand,
  112: (a, operand) => a >>> operand,
  128: (a) => -a,
  144: (a, operand) => (operand === 0 ? undefined : a % operand),
  160: (a, operand) => a ^ operand,
};

const JUMPS: Readonly<Record<number, (a: number, operand: number) => boolean>> = {
  16: (a, operand) => a === operand,
  32: (a, operand) => a > operand,
  48: (a, operand) => a >= operand,
  64: (a, operand) => (a & operand) !== 0,
};
const JUMP_ALWAYS = 0x05;
const NEGATE = 0x84;

/** Loads and stores by their whole code. @kernel net/core/filter.c:chk_code_allowed */
const MOVES: ReadonlySet<number> = new Set([
  ...Object.keys(WIDTH).flatMap((width) => [MODE.abs, MODE.ind].map((mode) => CLASS.ld | mode | Number(width))),
  ...[MODE.imm, MODE.mem, MODE.len].flatMap((mode) => [CLASS.ld | mode, CLASS.ldx | mode]),
  CLASS.ldx | MODE.msh | 0x10,
  CLASS.st,
  CLASS.stx,
  CLASS.ret,
  RET_A,
  CLASS.misc,
  TXA,
]);

/** Questions that can be answered: protocol, packet type, mark. @kernel linux/filter.h:SKF_AD_PROTOCOL */
const ANSWERS: Readonly<Record<number, (around: Surroundings) => number>> = {
  0: ({ etherType }) => etherType,
  4: ({ packetType }) => packetType,
  20: ({ mark }) => mark,
};
const LAST_QUESTION = 60;

/** Why the kernel refuses a program. @kernel net/core/filter.c:bpf_check_classic */
export function programProblem(program: readonly Instruction[]): string | undefined {
  const last = program.at(-1);
  if (last === undefined || (last.code & 7) !== CLASS.ret) return 'the last instruction has to return';
  const wrong = program.findIndex((instruction, at) => !isAllowed(instruction, program.length - at - 1));
  if (wrong !== -1) return `instruction ${wrong} is not allowed`;
  const unset = firstUnsetRead(program);
  return unset === undefined ? undefined : `instruction ${unset} reads memory that may not have been written`;
}

const ALL_WORDS = (1 << MEMORY_WORDS) - 1;

/** The first read of a word that is not written on every way to it. @kernel net/core/filter.c:check_load_and_stores */
function firstUnsetRead(program: readonly Instruction[]): number | undefined {
  const arriving = program.map(() => ALL_WORDS);
  const arrive = (at: number, written: number) => {
    arriving[at] = (arriving[at] ?? ALL_WORDS) & written;
  };
  let written = 0;
  for (const [at, { code, jt, jf, k }] of program.entries()) {
    written &= arriving[at] ?? ALL_WORDS;
    if ((code & 7) === CLASS.st || (code & 7) === CLASS.stx) written |= 1 << k;
    else if ((code & 0xe6) === MODE.mem && !(written & (1 << k))) return at;
    if ((code & 7) !== CLASS.jmp) continue;
    for (const by of code === JUMP_ALWAYS ? [k] : [jt, jf]) arrive(at + 1 + by, written);
    written = ALL_WORDS;
  }
  return undefined;
}

/** @param behind how many instructions follow */
function isAllowed({ code, jt, jf, k }: Instruction, behind: number): boolean {
  const operation = code & 0xf0;
  const byNumber = (code & OPERAND_X) === 0;
  switch (code & 7) {
    case CLASS.alu:
      if (!(operation in ALU) || code > 0xff || (operation === 0x80 && code !== NEGATE)) return false;
      if (operation === 0x30 || operation === 0x90) return !byNumber || k !== 0;
      return !byNumber || (operation !== 0x60 && operation !== 0x70) || k < 32;
    case CLASS.jmp:
      if (code === JUMP_ALWAYS) return k < behind;
      return operation in JUMPS && code <= 0xff && jt < behind && jf < behind;
    default:
      return MOVES.has(code) && isAllowedMove(code, k);
  }
}

function isAllowedMove(code: number, k: number): boolean {
  const usesMemory = (code & 7) === CLASS.st || (code & 7) === CLASS.stx || (code & 0xe6) === MODE.mem;
  if (usesMemory) return k < MEMORY_WORDS;
  const asks = (code & 0xe7) === MODE.abs && k >= ANCILLARY;
  return !asks || ((k - ANCILLARY) % 4 === 0 && k - ANCILLARY <= LAST_QUESTION);
}

/** What the program returns; undefined where it asks what is not known here. */
export function runProgram(
  program: readonly Instruction[],
  bytes: Uint8Array,
  around: Surroundings,
): number | undefined {
  const memory = new Uint32Array(MEMORY_WORDS);
  let a = 0;
  let x = 0;
  for (let at = 0; at < program.length; at++) {
    const instruction = program[at];
    if (instruction === undefined) return 0;
    const { code, jt, jf, k } = instruction;
    const operand = code & OPERAND_X ? x : k;
    switch (code & 7) {
      case CLASS.ld:
      case CLASS.ldx: {
        const loaded = load(code, k, x, bytes, memory, around);
        if (typeof loaded === 'string') return loaded === 'end' ? 0 : undefined;
        if ((code & 7) === CLASS.ld) a = loaded;
        else x = loaded;
        break;
      }
      case CLASS.st:
        memory[k] = a;
        break;
      case CLASS.stx:
        memory[k] = x;
        break;
      case CLASS.alu: {
        const result = ALU[code & 0xf0]?.(a, operand);
        if (result === undefined) return 0;
        a = result >>> 0;
        break;
      }
      case CLASS.jmp:
        at += code === JUMP_ALWAYS ? k : JUMPS[code & 0xf0]?.(a, operand) ? jt : jf;
        break;
      case CLASS.ret:
        return code === RET_A ? a : k;
      default:
        if (code === TXA) a = x;
        else x = a;
    }
  }
  return 0;
}

/** `end`: beyond the packet, where a program returns 0; `unknown`: asked of what is not known here. */
function load(
  code: number,
  k: number,
  x: number,
  bytes: Uint8Array,
  memory: Uint32Array,
  around: Surroundings,
): number | 'end' | 'unknown' {
  switch (code & 0xe0) {
    case MODE.imm:
      return k;
    case MODE.mem:
      return memory[k] ?? 0;
    case MODE.len:
      return bytes.length;
    case MODE.msh: {
      const byte = readAt(bytes, k, 1);
      return typeof byte === 'string' ? byte : (byte & 0x0f) << 2;
    }
    case MODE.abs:
      if (k >= ANCILLARY) return ANSWERS[k - ANCILLARY]?.(around) ?? 'unknown';
      return readAt(bytes, k, WIDTH[code & 0x18] ?? 4);
    default:
      return readAt(bytes, (x + k) >>> 0, WIDTH[code & 0x18] ?? 4);
  }
}

/** @kernel kernel/bpf/core.c:bpf_internal_load_pointer_neg_helper */
function readAt(bytes: Uint8Array, address: number, width: number): number | 'end' | 'unknown' {
  const isNegative = address > 0x7fff_ffff;
  if (isNegative && address < NETWORK) return 'unknown';
  const at = isNegative ? address - NETWORK : address;
  if (at + width > bytes.length) return 'end';
  let value = 0;
  for (let index = at; index < at + width; index++) value = value * 256 + (bytes[index] ?? 0);
  return value;
}
