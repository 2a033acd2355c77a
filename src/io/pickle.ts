/**
 * Interpreter for Python's pickle format (protocols 2 to 5), in which torch writes tensors. It builds plain values and
 * nothing else: no opcode reaches a function outside this folder, names are text, and a name that is not one of torch's own
 * constructors is never called (`pickle_globals.ts`).
 */
import { CutPickleError, PickleCursor } from './pickle_cursor.js';
import { callGlobal, newObject } from './pickle_globals.js';
import { PickleStack } from './pickle_stack.js';
import { PickleGlobal, PickleObject, type PickleValue } from './pickle_values.js';

/** Longest name of a function or class, in characters. */
const MAX_NAME = 1000;
const STOP = 0x2e;

/** Opcodes that are refused, for error messages. Those of protocols 0 and 1 cannot hold torch's tensors. */
const REFUSED: Readonly<Record<number, string>> = Object.fromEntries(
  (
    '0x46 FLOAT,0x49 INT,0x4c LONG,0x50 PERSID,0x53 STRING,0x56 UNICODE,0x64 DICT,0x67 GET,0x69 INST,0x6c LIST,0x6f OBJ,' +
    '0x70 PUT,0x82 EXT1,0x83 EXT2,0x84 EXT4,0x97 NEXT_BUFFER,0x98 READONLY_BUFFER'
  )
    .split(',')
    .map((pair) => [Number(pair.slice(0, 4)), pair.slice(5)]),
);

type Step = (stack: PickleStack, from: PickleCursor) => void;

const STEPS: Readonly<Record<number, Step>> = {
  128: (_, from) => from.skip(1), // PROTO
  149: (_, from) => from.skip(8), // FRAME
  40: (stack) => stack.mark(), // MARK
  48: (stack) => stack.pop(), // POP
  49: (stack) => stack.popToMark(), // POP_MARK
  50: (stack) => stack.push(stack.top()), // DUP
  78: (stack) => stack.push(null), // NONE
  136: (stack) => stack.push(true), // NEWTRUE
  137: (stack) => stack.push(false), // NEWFALSE
  75: (stack, from) => stack.push(from.u8()), // BININT1
  77: (stack, from) => stack.push(from.u16()), // BININT2
  74: (stack, from) => stack.push(from.i32()), // BININT
  138: (stack, from) => stack.push(from.long(from.u8())), // LONG1
  139: (stack, from) => stack.push(from.long(from.u32())), // LONG4
  71: (stack, from) => stack.push(from.f64()), // BINFLOAT
  88: (stack, from) => stack.push(from.text(from.u32())), // BINUNICODE
  140: (stack, from) => stack.push(from.text(from.u8())), // SHORT_BINUNICODE
  141: (stack, from) => stack.push(from.text(from.u64())), // BINUNICODE8
  85: (stack, from) => stack.push(from.string(from.u8())), // SHORT_BINSTRING
  84: (stack, from) => stack.push(from.string(from.u32())), // BINSTRING
  67: (stack, from) => bytes(stack, from, from.u8()), // SHORT_BINBYTES
  66: (stack, from) => bytes(stack, from, from.u32()), // BINBYTES
  142: (stack, from) => bytes(stack, from, from.u64()), // BINBYTES8
  150: (stack, from) => bytes(stack, from, from.u64()), // BYTEARRAY8
  41: (stack) => stack.make([]), // EMPTY_TUPLE
  93: (stack) => stack.make([]), // EMPTY_LIST
  143: (stack) => stack.make([]), // EMPTY_SET
  125: (stack) => stack.make(new Map()), // EMPTY_DICT
  133: (stack) => stack.make(stack.popMany(1)), // TUPLE1
  134: (stack) => stack.make(stack.popMany(2)), // TUPLE2
  135: (stack) => stack.make(stack.popMany(3)), // TUPLE3
  116: (stack) => stack.make(stack.popToMark()), // TUPLE
  145: (stack) => stack.make(stack.popToMark()), // FROZENSET
  97: (stack) => stack.append(stack.popMany(1)), // APPEND
  101: (stack) => stack.append(stack.popToMark()), // APPENDS
  144: (stack) => stack.append(stack.popToMark()), // ADDITEMS
  115: (stack) => stack.setItems(stack.popMany(2)), // SETITEM
  117: (stack) => stack.setItems(stack.popToMark()), // SETITEMS
  113: (stack, from) => stack.memoize(from.u8()), // BINPUT
  114: (stack, from) => stack.memoize(from.u32()), // LONG_BINPUT
  148: (stack) => stack.memoize(), // MEMOIZE
  104: (stack, from) => stack.recall(from.u8()), // BINGET
  106: (stack, from) => stack.recall(from.u32()), // LONG_BINGET
  99: (stack, from) => name(stack, from.line(), from.line()), // GLOBAL
  147: (stack) => name(stack, ...(stack.popMany(2) as [PickleValue, PickleValue])), // STACK_GLOBAL
  81: (stack) => stack.resolve(stack.pop()), // BINPERSID
  82: reduce, // REDUCE
  129: (stack) => stack.make(newObject(stack.popMany(2)[0]!)), // NEWOBJ
  146: (stack) => stack.make(newObject(stack.popMany(3)[0]!)), // NEWOBJ_EX
  98: (stack) => stack.build(stack.pop()), // BUILD
};

/** Bytes are never a part of a tensor's name or shape, so they are left out. */
function bytes(stack: PickleStack, from: PickleCursor, length: number): void {
  from.skip(length);
  stack.make(new PickleObject('bytes'));
}

function name(stack: PickleStack, module: PickleValue, attribute: PickleValue): void {
  if (typeof module !== 'string' || typeof attribute !== 'string' || module.length + attribute.length > MAX_NAME) {
    throw new Error(`name is broken: expected a module and a name of at most ${MAX_NAME} characters`);
  }
  stack.make(new PickleGlobal(`${module}.${attribute}`));
}

function reduce(stack: PickleStack): void {
  const [callee, args] = stack.popMany(2) as [PickleValue, PickleValue];
  // A dictionary is made from a list of pairs, which the pickle may use again and again.
  const lists = Array.isArray(args) ? args.slice(0, 2) : [];
  for (const list of lists) stack.spend(Array.isArray(list) ? list.length : list instanceof Map ? list.size : 0);
  stack.make(callGlobal(callee, args));
}

/** One of several pickles that follow each other. */
export interface PickleAt {
  readonly value: PickleValue;
  /** Bytes of an element of each storage that the pickle names, also where nothing is made of it. */
  readonly itemSizes: ReadonlyMap<string, number>;
  /** Offset of the byte after it. */
  readonly end: number;
}

/**
 * Reads the value that a pickle describes.
 *
 * @param file name of the file in error messages
 * @param start offset of the pickle in `bytes`
 * @throws CutPickleError when the bytes end too early; Error when the pickle is malformed or too large, or holds an opcode
 * that tensors do not need
 */
export function readPickleAt(file: string, bytes: Uint8Array, start: number): PickleAt {
  const from = new PickleCursor(bytes);
  const stack = new PickleStack();
  from.at = start;
  let opAt = start;
  try {
    for (;;) {
      opAt = from.at;
      const op = from.u8();
      if (op === STOP) return { value: stack.pop(), itemSizes: stack.itemSizes, end: from.at };
      const step = STEPS[op];
      if (step === undefined) {
        throw new Error(
          `opcode ${REFUSED[op] ?? 'unknown'} (0x${op.toString(16)}) is not allowed: expected only opcodes that tensors need; save a plain state dict with torch.save's default protocol`,
        );
      }
      step(stack, from);
    }
  } catch (error) {
    const message = `${file}: pickle at byte ${opAt}: ${error instanceof Error ? error.message : String(error)}`;
    throw error instanceof CutPickleError ? new CutPickleError(message) : new Error(message, { cause: error });
  }
}

/** Reads a single pickle; see `readPickleAt`. */
export function readPickle(file: string, bytes: Uint8Array): PickleValue {
  return readPickleAt(file, bytes, 0).value;
}
