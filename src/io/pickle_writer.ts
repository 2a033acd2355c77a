/** Writes pickles (protocol 2) of plain values and tensors that torch.load reads. */
import type { Dtype } from './dtype.js';
import { storageName } from './pickle_globals.js';
import type { RawTensor } from './tensor_file.js';

/** A Python tuple; arrays are written as lists. */
export class TorchTuple {
  readonly items: readonly TorchValue[];

  constructor(items: readonly TorchValue[]) {
    this.items = items;
  }
}

/**
 * The values that can be written: maps become OrderedDict, plain objects dict. Whole numbers become int, others float.
 */
export type TorchValue =
  | null
  | boolean
  | number
  | string
  | RawTensor
  | TorchTuple
  | readonly TorchValue[]
  | ReadonlyMap<string | number, TorchValue>
  | { readonly [key: string]: TorchValue };

/** The pickle of `value`, and the tensors it refers to in the order of their storage keys 0, 1, 2... */
export function writePickle(value: TorchValue): { pickle: Uint8Array; tensors: readonly RawTensor[] } {
  const writer = new Pickler();
  writer.value(value);
  return { pickle: writer.finish(), tensors: writer.tensors };
}

class Pickler {
  readonly tensors: RawTensor[] = [];
  private buffer = new Uint8Array(4096);
  private length = 0;

  constructor() {
    this.put(0x80, 2); // PROTO
  }

  finish(): Uint8Array {
    this.put(0x2e); // STOP
    return this.buffer.slice(0, this.length);
  }

  value(value: TorchValue): void {
    if (value === null) this.put(0x4e);
    else if (typeof value === 'boolean') this.put(value ? 0x88 : 0x89);
    else if (typeof value === 'number') this.number(value);
    else if (typeof value === 'string') this.text(value);
    else if (value instanceof TorchTuple) this.tuple(value.items);
    else if (isList(value)) this.list(value);
    else if (value instanceof Map) {
      this.global('collections', 'OrderedDict');
      this.put(0x29, 0x52); // EMPTY_TUPLE REDUCE
      this.items(value);
    } else if (isTensor(value)) this.tensor(value);
    else {
      this.put(0x7d); // EMPTY_DICT
      this.items(Object.entries(value));
    }
  }

  private number(value: number): void {
    if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) {
      this.put(0x4a, ...littleEndian(value)); // BININT
    } else if (Number.isSafeInteger(value)) {
      this.put(0x8a, 8); // LONG1
      this.append(new Uint8Array(new BigInt64Array([BigInt(value)]).buffer));
    } else {
      const big = new DataView(new ArrayBuffer(8));
      big.setFloat64(0, value, false);
      this.put(0x47); // BINFLOAT
      this.append(new Uint8Array(big.buffer));
    }
  }

  private text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.put(0x58, ...littleEndian(bytes.length)); // BINUNICODE
    this.append(bytes);
  }

  private tuple(items: readonly TorchValue[]): void {
    this.put(0x28); // MARK
    for (const item of items) this.value(item);
    this.put(0x74); // TUPLE
  }

  private list(items: readonly TorchValue[]): void {
    this.put(0x5d, 0x28); // EMPTY_LIST MARK
    for (const item of items) this.value(item);
    this.put(0x65); // APPENDS
  }

  /** Fills the dictionary on top of the stack. */
  private items(entries: Iterable<readonly [string | number, TorchValue]>): void {
    this.put(0x28); // MARK
    for (const [key, item] of entries) {
      this.value(key);
      this.value(item);
    }
    this.put(0x75); // SETITEMS
  }

  private global(module: string, name: string): void {
    this.put(0x63); // GLOBAL
    this.append(new TextEncoder().encode(`${module}\n${name}\n`));
  }

  /** torch._utils._rebuild_tensor_v2(storage, offset, shape, stride, requires_grad, hooks) */
  private tensor({ dtype, shape, bytes }: RawTensor): void {
    const key = String(this.tensors.length);
    this.tensors.push({ dtype, shape, bytes });
    this.global('torch._utils', '_rebuild_tensor_v2');
    this.put(0x28); // MARK
    this.storage(dtype, key, shape);
    this.number(0);
    this.tuple(shape);
    this.tuple(shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1)));
    this.value(false);
    this.value(new Map());
    this.put(0x74, 0x52); // TUPLE REDUCE
  }

  private storage(dtype: Dtype, key: string, shape: readonly number[]): void {
    const [module, name] = storageName(dtype).split('.') as [string, string];
    this.put(0x28); // MARK
    this.text('storage');
    this.global(module, name);
    this.text(key);
    this.text('cpu');
    this.number(shape.reduce((a, b) => a * b, 1));
    this.put(0x74, 0x51); // TUPLE BINPERSID
  }

  private put(...bytes: number[]): void {
    this.append(Uint8Array.from(bytes));
  }

  private append(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.buffer.length) {
      const larger = new Uint8Array(2 * (this.length + bytes.length));
      larger.set(this.buffer);
      this.buffer = larger;
    }
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }
}

function littleEndian(value: number): number[] {
  return [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255];
}

function isList(value: TorchValue): value is readonly TorchValue[] {
  return Array.isArray(value);
}

function isTensor(value: object): value is RawTensor {
  return 'bytes' in value && value.bytes instanceof Uint8Array;
}
