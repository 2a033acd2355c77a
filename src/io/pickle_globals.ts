/**
 * What the names in a pickle stand for, and the results of calling them. In Python, a pickle can call any installed
 * function; here only the constructors below exist. Any other name is text: calling it makes a `PickleObject` that says
 * so, and nothing is run.
 */
import { type Dtype, dtypeSize, elementsOf } from './dtype.js';
import {
  type PickleDict,
  PickleGlobal,
  PickleObject,
  PickleStorage,
  PickleTensor,
  type PickleValue,
} from './pickle_values.js';
import { shownText } from './shown_text.js';

const STORAGES: Readonly<Record<string, Dtype>> = {
  'torch.DoubleStorage': 'F64',
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
};

/** Bytes of an element of storages that are not read; files of torch before 1.6 have others after them. */
const OTHER_SIZES: Readonly<Record<string, number>> = {
  'torch.ComplexFloatStorage': 8,
  'torch.ComplexDoubleStorage': 16,
  'torch.QInt8Storage': 1,
  'torch.QUInt8Storage': 1,
  'torch.QInt32Storage': 4,
};

/** Elements that a tensor may have beyond its storage: an expanded tensor repeats a few numbers any number of times. */
const MAX_REPEATED = 1 << 16;
/** Torch has no tensors of more dimensions than this. */
const MAX_RANK = 64;

/** Torch's name for the storage of a dtype. */
export function storageName(dtype: Dtype): string {
  return Object.keys(STORAGES).find((name) => STORAGES[name] === dtype)!;
}

type Constructor = (args: readonly PickleValue[]) => PickleValue;

const CALLS: Readonly<Record<string, Constructor>> = {
  'collections.OrderedDict': dictOf,
  'collections.defaultdict': (args) => dictOf(args.slice(1)),
  '__builtin__.dict': dictOf,
  'builtins.dict': dictOf,
  '__builtin__.set': listOf,
  'builtins.set': listOf,
  'torch.Size': listOf,
  // Without hooks and flags since torch 0.4, before that without them.
  'torch._utils._rebuild_tensor': rebuildTensor,
  'torch._utils._rebuild_tensor_v2': rebuildTensor,
  // A parameter is its tensor; whether it requires a gradient does not matter here.
  'torch._utils._rebuild_parameter': firstArgument,
  'torch._utils._rebuild_parameter_with_state': firstArgument,
  'torch.nn.parameter.Parameter': firstArgument,
  // A tensor of another class: (constructor, class, arguments, state).
  'torch._tensor._rebuild_from_type_v2': ([callee = null, , args = null]) => callGlobal(callee, args),
  // TorchScript writes typed lists as calls that return their argument.
  'torch.jit._pickle.build_intlist': firstArgument,
  'torch.jit._pickle.build_doublelist': firstArgument,
  'torch.jit._pickle.build_boollist': firstArgument,
  'torch.jit._pickle.build_tensorlist': firstArgument,
  'torch.jit._pickle.restore_type_tag': firstArgument,
};

/** Calls whose first argument names the class of the object. */
const MAKE_CLASS = /^copy_?reg\.(?:_reconstructor|__newobj__)$/;

/** The result of calling `callee` with `args` (pickle's REDUCE). @throws when what is called is not a name */
export function callGlobal(callee: PickleValue, args: PickleValue): PickleValue {
  if (!(callee instanceof PickleGlobal || callee instanceof PickleObject) || !Array.isArray(args)) {
    throw new Error(`call is broken: expected a name and a tuple of arguments, got ${describe(callee)}`);
  }
  const name = callee instanceof PickleGlobal ? callee.name : callee.className;
  if (callee instanceof PickleGlobal && Object.hasOwn(CALLS, name)) return CALLS[name]!(args);
  const [first] = args;
  if (MAKE_CLASS.test(name) && first instanceof PickleGlobal) return new PickleObject(first.name);
  return new PickleObject(name, `its value is the result of ${shownText(name)}, which is never called here`);
}

/** A new, empty object of a class (pickle's NEWOBJ). @throws when the class is not a name */
export function newObject(cls: PickleValue): PickleValue {
  if (!(cls instanceof PickleGlobal)) throw new Error(`object is broken: expected a class, got ${describe(cls)}`);
  return Object.hasOwn(CALLS, cls.name) && CALLS[cls.name] === dictOf ? new Map() : new PickleObject(cls.name);
}

/**
 * Resolves a persistent id: ('module', class, file, source) before torch 1.6, or ('storage', type, key, device, length) and, before torch 1.6, the part of the storage that is
 * meant: (key of the part, offset, length) or None. A storage of a type that is not known here is an object.
 */
export function storageOf(id: PickleValue): PickleStorage | PickleObject | PickleGlobal {
  if (Array.isArray(id) && id[0] === 'module' && id[1] instanceof PickleGlobal) return id[1];
  if (Array.isArray(id) && id.length >= 5) {
    const [kind, type, key, , length, part = null] = id;
    if (kind === 'storage' && type instanceof PickleGlobal && typeof key === 'string' && isCount(length)) {
      const dtype = Object.hasOwn(STORAGES, type.name) ? STORAGES[type.name] : undefined;
      if (dtype === undefined) {
        return new PickleObject(type.name, `its numbers are of ${shownText(type.name)}, which is not supported`);
      }
      if (part === null) return new PickleStorage(dtype, key, length);
      const [, from, size] = Array.isArray(part) ? part : [];
      if (isCount(from) && isCount(size) && from + size <= length) return new PickleStorage(dtype, key, size, from);
    }
  }
  throw new Error('persistent id is broken: expected a storage with type, key and length');
}

/** The key of the storage that a persistent id names, and the bytes of an element where its type is known. */
export function storedItems(
  id: PickleValue,
): { readonly key: string; readonly itemSize: number | undefined } | undefined {
  if (!Array.isArray(id) || id[0] !== 'storage') return undefined;
  const [, type, key] = id;
  if (!(type instanceof PickleGlobal) || typeof key !== 'string') return undefined;
  const { name } = type;
  if (Object.hasOwn(STORAGES, name)) return { key, itemSize: dtypeSize(STORAGES[name]!) };
  return { key, itemSize: Object.hasOwn(OTHER_SIZES, name) ? OTHER_SIZES[name] : undefined };
}

/** A key of a dictionary; undefined for one that can be no part of a tensor's name. */
export function dictKey(key: PickleValue): string | number | undefined {
  return typeof key === 'string' || typeof key === 'number' ? key : undefined;
}

function firstArgument(args: readonly PickleValue[]): PickleValue {
  if (args.length === 0) throw new Error('call is broken: expected an argument, got none');
  return args[0]!;
}

function listOf([items = []]: readonly PickleValue[]): PickleValue {
  return items;
}

function dictOf(args: readonly PickleValue[]): PickleDict {
  const pairs = args.length === 0 ? [] : args[0];
  if (pairs instanceof Map) return new Map(pairs);
  if (!Array.isArray(pairs) || args.length > 1) throw new Error('dictionary is broken: expected a list of pairs');
  const dict: PickleDict = new Map();
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) throw new Error('dictionary is broken: expected a list of pairs');
    const key = dictKey(pair[0]!);
    if (key !== undefined) dict.set(key, pair[1]!);
  }
  return dict;
}

function rebuildTensor(args: readonly PickleValue[]): PickleTensor | PickleObject {
  const [storage, offset, shape, stride] = args;
  if (storage instanceof PickleObject && storage.unread !== undefined) {
    return new PickleObject(storage.className, storage.unread);
  }
  if (storage instanceof PickleStorage && typeof offset === 'number' && isNumbers(shape) && isNumbers(stride)) {
    const tensor = new PickleTensor(storage, offset, shape, stride);
    if (elementsOf(shape) <= Math.max(storage.length, MAX_REPEATED)) return tensor;
    return new PickleObject(
      'torch.Tensor',
      `it repeats the ${storage.length} numbers of its storage up to ${elementsOf(shape)}; save it with .contiguous()`,
    );
  }
  throw new Error('_rebuild_tensor_v2 is broken: expected a storage, an offset, a shape and strides');
}

function isCount(value: PickleValue | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isNumbers(value: PickleValue | undefined): value is number[] {
  return Array.isArray(value) && value.length <= MAX_RANK && value.every((v) => typeof v === 'number');
}

function describe(value: PickleValue): string {
  if (value instanceof PickleGlobal) return shownText(value.name);
  if (value instanceof PickleObject) return `an object of ${shownText(value.className)}`;
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Map) return 'a dictionary';
  return typeof value === 'object' && value !== null ? 'a tensor' : shownText(String(value));
}
