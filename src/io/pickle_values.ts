/** The values of a pickle of tensors: plain nested data without behaviour. */
import { type Dtype, elementsOf } from './dtype.js';
import { shownText } from './shown_text.js';
import { spanOf } from './strided.js';

/** Tuples, lists and sets are arrays, dictionaries of any kind are maps. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleTensor
  | PickleStorage
  | PickleObject
  | PickleGlobal
  | PickleValue[]
  | PickleDict;

export type PickleDict = Map<string | number, PickleValue>;

/** A name that the pickle refers to: a constructor or a storage type. It does nothing. */
export class PickleGlobal {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A run of stored elements; the key names it in the file. */
export class PickleStorage {
  readonly dtype: Dtype;
  readonly key: string;
  readonly length: number;
  /** Elements of the key's run before this one: a storage can be a part of another. */
  readonly offset: number;

  constructor(dtype: Dtype, key: string, length: number, offset = 0) {
    this.dtype = dtype;
    this.key = key;
    this.length = length;
    this.offset = offset;
  }
}

/** A strided view of a storage; offset and stride in elements. */
export class PickleTensor {
  readonly storage: PickleStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly stride: readonly number[];

  constructor(storage: PickleStorage, offset: number, shape: readonly number[], stride: readonly number[]) {
    const counts =
      Number.isSafeInteger(elementsOf(shape)) && [offset, ...stride].every((n) => Number.isSafeInteger(n) && n >= 0);
    if (!counts || shape.length !== stride.length || offset + spanOf(shape, stride) > storage.length) {
      throw new Error(
        `tensor does not fit its storage of ${storage.length}: got offset ${offset}, shape [${shownText(String(shape))}], stride [${shownText(String(stride))}]`,
      );
    }
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.stride = stride;
  }
}

/**
 * An object whose class is not known here: its class's name, and the attributes and items that the pickle gives it. A
 * call that is not made leaves such an object in place of its result.
 */
export class PickleObject {
  readonly className: string;
  readonly attributes: PickleDict = new Map();
  /** Why there is nothing in its place; undefined for an object whose attributes are all there is to it. */
  readonly unread: string | undefined;

  constructor(className: string, unread?: string) {
    this.className = className;
    this.unread = unread;
  }
}

/** The value at a path of dictionary keys, attribute names and list indices; undefined if there is none. */
export function valueAt(root: PickleValue, ...path: readonly (string | number)[]): PickleValue | undefined {
  let value: PickleValue | undefined = root;
  for (const step of path) {
    if (value instanceof PickleObject) value = value.attributes;
    if (value instanceof Map) value = value.get(step);
    else if (Array.isArray(value) && typeof step === 'number') value = value[step];
    else return undefined;
  }
  return value;
}
