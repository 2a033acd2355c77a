/**
 * The names a pickle of tensors may refer to, and the results of calling them. In Python, a pickle can call any
 * installed function; here only these names exist, and any other name is an error before anything is built.
 */
import type { Dtype } from './dtype.js';
import {
  type PickleDict,
  PickleGlobal,
  PickleObject,
  PickleStorage,
  PickleTensor,
  type PickleValue,
} from './pickle_values.js';

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

/** Torch's name for the storage of a dtype. */
export function storageName(dtype: Dtype): string {
  return Object.keys(STORAGES).find((name) => STORAGES[name] === dtype)!;
}

const CALLS: Readonly<Record<string, (args: readonly PickleValue[]) => PickleValue>> = {
  'collections.OrderedDict': orderedDict,
  'torch._utils._rebuild_tensor_v2': rebuildTensor,
  // A parameter is its tensor; whether it requires a gradient does not matter here.
  'torch._utils._rebuild_parameter': firstArgument,
  // TorchScript writes typed lists as calls that return their argument.
  'torch.jit._pickle.build_intlist': firstArgument,
  'torch.jit._pickle.build_doublelist': firstArgument,
  'torch.jit._pickle.build_boollist': firstArgument,
  'torch.jit._pickle.build_tensorlist': firstArgument,
  'torch.jit._pickle.restore_type_tag': firstArgument,
};

/** The global of that name. @throws for a name that tensors do not need */
export function lookUpGlobal(name: string): PickleGlobal {
  if (Object.hasOwn(CALLS, name) || Object.hasOwn(STORAGES, name) || isModuleClass(name)) return new PickleGlobal(name);
  throw new Error(
    `global ${name} is not allowed: expected tensors, dictionaries and plain values only; save a plain state dict, or do not trust the file`,
  );
}

/** The result of calling `callee` with `args` (pickle's REDUCE). */
export function callGlobal(callee: PickleValue, args: PickleValue): PickleValue {
  if (!(callee instanceof PickleGlobal) || !Object.hasOwn(CALLS, callee.name) || !Array.isArray(args)) {
    throw new Error(`call is not allowed: expected a constructor of tensors, got ${describe(callee)}`);
  }
  return CALLS[callee.name]!(args);
}

/** A new, empty object of a class of the archive (pickle's NEWOBJ). */
export function newObject(cls: PickleValue, args: PickleValue): PickleObject {
  if (!(cls instanceof PickleGlobal) || !isModuleClass(cls.name) || !Array.isArray(args) || args.length > 0) {
    throw new Error(`object is not allowed: expected a TorchScript module without arguments, got ${describe(cls)}`);
  }
  return new PickleObject(cls.name);
}

/** Resolves a persistent id: ('storage', type, key, device, length). */
export function storageOf(id: PickleValue): PickleStorage {
  if (Array.isArray(id) && id.length >= 5) {
    const [kind, type, key, , length] = id;
    const dtype = type instanceof PickleGlobal ? STORAGES[type.name] : undefined;
    if (kind === 'storage' && dtype !== undefined && typeof key === 'string' && Number.isSafeInteger(length)) {
      return new PickleStorage(dtype, key, length as number);
    }
  }
  throw new Error('persistent id is broken: expected a storage with type, key and length');
}

/** A key of a dictionary. @throws when it is neither text nor a number */
export function dictKey(key: PickleValue): string | number {
  if (typeof key === 'string' || typeof key === 'number') return key;
  throw new Error(`dictionary key is not supported: expected text or a number, got ${describe(key)}`);
}

function isModuleClass(name: string): boolean {
  return name.startsWith('__torch__.');
}

function firstArgument(args: readonly PickleValue[]): PickleValue {
  if (args.length === 0) throw new Error('call is broken: expected an argument, got none');
  return args[0]!;
}

function orderedDict(args: readonly PickleValue[]): PickleDict {
  const pairs = args.length === 0 ? [] : args[0];
  if (!Array.isArray(pairs) || args.length > 1) throw new Error('OrderedDict is broken: expected a list of pairs');
  const dict: PickleDict = new Map();
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) throw new Error('OrderedDict is broken: expected a list of pairs');
    dict.set(dictKey(pair[0]!), pair[1]!);
  }
  return dict;
}

function rebuildTensor(args: readonly PickleValue[]): PickleTensor {
  const [storage, offset, shape, stride] = args;
  if (storage instanceof PickleStorage && typeof offset === 'number' && isNumbers(shape) && isNumbers(stride)) {
    return new PickleTensor(storage, offset, shape, stride);
  }
  throw new Error('_rebuild_tensor_v2 is broken: expected a storage, an offset, a shape and strides');
}

function isNumbers(value: PickleValue | undefined): value is number[] {
  return Array.isArray(value) && value.every((v) => typeof v === 'number');
}

function describe(value: PickleValue): string {
  if (value instanceof PickleGlobal) return value.name;
  if (value instanceof PickleObject) return `an object of ${value.className}`;
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Map) return 'a dictionary';
  return typeof value === 'object' && value !== null ? 'a tensor' : `${value}`;
}
