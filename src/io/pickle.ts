/**
 * Interpreter for the part of Python's pickle format (protocol 2) in which torch writes tensors. It builds plain values
 * and nothing else: no opcode reaches a function outside this folder, and an opcode or global that is not on the list
 * is an error that names it.
 */
import { PickleCursor } from './pickle_cursor.js';
import { callGlobal, dictKey, lookUpGlobal, newObject, storageOf } from './pickle_globals.js';
import { PickleObject, type PickleValue } from './pickle_values.js';

/** Names of refused opcodes, for error messages. */
const REFUSED: Readonly<Record<number, string>> = Object.fromEntries(
  (
    '0x30 POP,0x31 POP_MARK,0x32 DUP,0x46 FLOAT,0x49 INT,0x4c LONG,0x50 PERSID,0x53 STRING,0x54 BINSTRING,' +
    '0x56 UNICODE,0x64 DICT,0x67 GET,0x69 INST,0x6c LIST,0x6f OBJ,0x70 PUT,0x82 EXT1,0x83 EXT2,0x84 EXT4,0x8b LONG4,' +
    '0x42 BINBYTES,0x43 SHORT_BINBYTES,0x8c SHORT_BINUNICODE,0x8d BINUNICODE8,0x8e BINBYTES8,0x8f EMPTY_SET,' +
    '0x90 ADDITEMS,0x91 FROZENSET,0x92 NEWOBJ_EX,0x93 STACK_GLOBAL,0x94 MEMOIZE,0x95 FRAME,0x96 BYTEARRAY8,' +
    '0x97 NEXT_BUFFER,0x98 READONLY_BUFFER'
  )
    .split(',')
    .map((pair) => [Number(pair.slice(0, 4)), pair.slice(5)]),
);

/**
 * Reads the value that a pickle describes.
 *
 * @param file name of the file in error messages
 * @throws when the pickle is truncated or malformed, or holds an opcode, global or call that tensors do not need
 */
export function readPickle(file: string, bytes: Uint8Array): PickleValue {
  const reader = new Unpickler(bytes);
  try {
    return reader.run();
  } catch (error) {
    throw new Error(
      `${file}: pickle at byte ${reader.opAt}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

class Unpickler {
  /** Offset of the current opcode, for error messages. */
  opAt = 0;
  private readonly from: PickleCursor;
  private readonly stack: PickleValue[] = [];
  /** Heights of the stack at each MARK. */
  private readonly marks: number[] = [];
  private readonly memo = new Map<number, PickleValue>();

  constructor(bytes: Uint8Array) {
    this.from = new PickleCursor(bytes);
  }

  run(): PickleValue {
    for (;;) {
      this.opAt = this.from.at;
      const op = this.from.u8();
      if (op === 0x2e) return this.pop(); // STOP
      this.step(op);
    }
  }

  private step(op: number): void {
    switch (op) {
      case 0x80: // PROTO
        this.from.u8();
        break;
      case 0x28: // MARK
        this.marks.push(this.stack.length);
        break;
      case 0x4e: // NONE
        this.push(null);
        break;
      case 0x88: // NEWTRUE
        this.push(true);
        break;
      case 0x89: // NEWFALSE
        this.push(false);
        break;
      case 0x4b: // BININT1
        this.push(this.from.u8());
        break;
      case 0x4d: // BININT2
        this.push(this.from.u16());
        break;
      case 0x4a: // BININT
        this.push(this.from.i32());
        break;
      case 0x8a: // LONG1
        this.push(this.from.long(this.from.u8()));
        break;
      case 0x47: // BINFLOAT
        this.push(this.from.f64());
        break;
      case 0x58: // BINUNICODE
        this.push(this.from.text(this.from.u32()));
        break;
      case 0x55: // SHORT_BINSTRING
        this.push(this.from.text(this.from.u8()));
        break;
      case 0x29: // EMPTY_TUPLE
      case 0x5d: // EMPTY_LIST
        this.push([]);
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        this.push(this.popMany(op - 0x84));
        break;
      case 0x74: // TUPLE
        this.push(this.popToMark());
        break;
      case 0x7d: // EMPTY_DICT
        this.push(new Map());
        break;
      case 0x61: // APPEND
        this.append(this.popMany(1));
        break;
      case 0x65: // APPENDS
        this.append(this.popToMark());
        break;
      case 0x73: // SETITEM
        this.setItems(this.popMany(2));
        break;
      case 0x75: // SETITEMS
        this.setItems(this.popToMark());
        break;
      case 0x71: // BINPUT
        this.memo.set(this.from.u8(), this.top());
        break;
      case 0x72: // LONG_BINPUT
        this.memo.set(this.from.u32(), this.top());
        break;
      case 0x68: // BINGET
        this.recall(this.from.u8());
        break;
      case 0x6a: // LONG_BINGET
        this.recall(this.from.u32());
        break;
      case 0x63: // GLOBAL
        this.push(lookUpGlobal(`${this.from.line()}.${this.from.line()}`));
        break;
      case 0x51: // BINPERSID
        this.push(storageOf(this.pop()));
        break;
      case 0x52: // REDUCE
        this.push(callGlobal(...(this.popMany(2) as [PickleValue, PickleValue])));
        break;
      case 0x81: // NEWOBJ
        this.push(newObject(...(this.popMany(2) as [PickleValue, PickleValue])));
        break;
      case 0x62: // BUILD
        this.build(this.pop());
        break;
      default:
        throw new Error(
          `opcode ${REFUSED[op] ?? 'unknown'} (0x${op.toString(16)}) is not allowed: expected only opcodes that tensors need; save a plain state dict with torch.save's default protocol`,
        );
    }
  }

  /** Sets an object's attributes. A dictionary's attributes (a state dict's `_metadata`) are dropped. */
  private build(state: PickleValue): void {
    const object = this.top();
    if (object instanceof Map && state instanceof Map) return;
    if (!(object instanceof PickleObject) || !(state instanceof Map)) {
      throw new Error('state is not allowed: expected attributes of a TorchScript module');
    }
    for (const [name, value] of state) object.attributes.set(name, value);
  }

  private append(items: readonly PickleValue[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw new Error('append is broken: expected a list');
    for (const item of items) list.push(item);
  }

  private setItems(items: readonly PickleValue[]): void {
    const dict = this.top();
    if (!(dict instanceof Map) || items.length % 2 !== 0)
      throw new Error('items are broken: expected a dictionary and pairs');
    for (let i = 0; i < items.length; i += 2) dict.set(dictKey(items[i]!), items[i + 1]!);
  }

  private recall(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw new Error(`memo is broken: expected a value at ${index}, got none`);
    this.push(value);
  }

  private push(value: PickleValue): void {
    this.stack.push(value);
  }

  private top(): PickleValue {
    this.need(1);
    return this.stack[this.stack.length - 1]!;
  }

  private pop(): PickleValue {
    this.need(1);
    return this.stack.pop()!;
  }

  private popMany(n: number): PickleValue[] {
    this.need(n);
    return this.stack.splice(this.stack.length - n);
  }

  private popToMark(): PickleValue[] {
    const height = this.marks.pop();
    if (height === undefined) throw new Error('stack is broken: expected a mark, got none');
    return this.stack.splice(height);
  }

  /** @throws unless there are n values above the last mark */
  private need(n: number): void {
    const free = this.stack.length - (this.marks[this.marks.length - 1] ?? 0);
    if (free < n) throw new Error(`stack is broken: expected ${n} values, got ${free}`);
  }
}
