/** The tensors in what a torch file's pickle describes, by dotted name. */
import { dtypeSize, elementsOf } from './dtype.js';
import { PickleObject, type PickleStorage, PickleTensor, type PickleValue } from './pickle_values.js';
import { shownText } from './shown_text.js';
import { isRowMajor, spanOf, toRowMajor } from './strided.js';
import { makeTensorFile, type TensorFile, tensorInfo } from './tensor_file.js';

export interface TorchArchive {
  /** The pickled value: nested maps, lists, numbers, text and tensors (`valueAt` finds a value by its path). */
  readonly root: PickleValue;
  /** Its tensors by dotted name: `visual.proj`, `text_optimizer.state.0.exp_avg`. */
  readonly tensors: TensorFile;
}

/** Longest pickle, in bytes: a state dict takes about 150 a tensor. */
export const MAX_PICKLE = 1 << 24;
/** Key of what our own checkpoints keep beside the published program's values: a dictionary of numbers and text. */
export const OWN_ENTRY = 'aaclip_run';
const MAX_DEPTH = 200;
const MAX_TENSORS = 100_000;
/** Characters of all names. */
const MAX_NAMES = 1 << 24;
const MAX_VISITS = 1_000_000;
/** A module that was saved whole keeps its tensors below these; a state dict's names leave them out. */
const MODULE_PARTS: ReadonlySet<string | number> = new Set(['_modules', '_parameters', '_buffers']);

/** `length` bytes of a storage from `offset` on. */
export type ReadStorage = (key: string, offset: number, length: number) => Promise<Uint8Array>;

/**
 * The tensors below `root`, as a file.
 * @param file name in error messages
 * @param check looks at each tensor's storage before anything is read
 * @throws when there are too many tensors, two of one name, or the values are nested too deeply; what `check` throws
 */
export function tensorsBelow(
  file: string,
  root: PickleValue,
  check: (tensor: string, storage: PickleStorage) => void,
  read: ReadStorage,
): TensorFile {
  const { found, unread } = collect(file, root);
  for (const [name, { storage }] of found) check(shownText(name), storage);
  const infos = [...found].map(([name, { storage, shape }]) => tensorInfo(name, storage.dtype, shape));
  const tensors = makeTensorFile(file, ownTexts(root), infos, (info) => readStrided(found.get(info.name)!, read));
  return { ...tensors, unread };
}

/** The text in our own entry, where there is one: what safetensors files keep as metadata. */
function ownTexts(root: PickleValue): Map<string, string> {
  const own = root instanceof Map ? root.get(OWN_ENTRY) : undefined;
  const texts = new Map<string, string>();
  if (!(own instanceof Map)) return texts;
  for (const [key, value] of own) if (typeof key === 'string' && typeof value === 'string') texts.set(key, value);
  return texts;
}

type Unread = Map<string, string>;

interface Collected {
  readonly found: Map<string, PickleTensor>;
  readonly unread: Unread;
}

function collect(file: string, root: PickleValue): Collected {
  const found = new Map<string, PickleTensor>();
  const unread: Unread = new Map();
  const path: string[] = [];
  /** Lists and dictionaries on the way to the current value: a pickle may share values, so it may contain itself. */
  const above = new Set<PickleValue>();
  /** Those without a tensor: visiting them again, by another name, would find nothing either. */
  const barren = new Set<PickleValue>();
  let visits = 0;
  let letters = 0;
  const tooMany = (what: string): Error =>
    new Error(
      `${file}: pickle is nested too deeply or shares too much: expected a tree of plain values, got ${what} at ${shownText(path.join('.'))}`,
    );
  const add = (tensor: PickleTensor): void => {
    letters += path.reduce((sum, part) => sum + part.length + 1, 0);
    if (found.size >= MAX_TENSORS || letters > MAX_NAMES) throw tooMany(`more than ${MAX_TENSORS} tensors`);
    const name = path.join('.');
    if (found.has(name)) {
      throw new Error(`${file}: name is taken: expected each tensor once, got ${shownText(name)} twice`);
    }
    found.set(name, tensor);
  };
  /** Returns whether there is a tensor at or below the value. */
  const visit = (value: PickleValue): boolean => {
    if (value instanceof PickleTensor) {
      add(value);
      return true;
    }
    if (value instanceof PickleObject && value.unread !== undefined && unread.size < MAX_TENSORS) {
      unread.set(shownText(path.join('.'), 300), value.unread);
    }
    const children = childrenOf(value);
    if (children === undefined || barren.has(value) || above.has(value)) return false;
    if (above.size >= MAX_DEPTH) throw tooMany(`more than ${MAX_DEPTH} levels`);
    if (++visits > MAX_VISITS) throw tooMany(`more than ${MAX_VISITS} lists and dictionaries`);
    above.add(value);
    let any = false;
    for (const [key, child] of children) {
      if (!isPlace(child)) continue;
      const hidden = value instanceof PickleObject && MODULE_PARTS.has(key);
      if (!hidden) path.push(String(key));
      any = visit(child) || any;
      if (!hidden) path.pop();
    }
    above.delete(value);
    if (!any) barren.add(value);
    return any;
  };
  visit(root);
  return { found, unread };
}

/** Whether there can be a tensor at or below the value. */
function isPlace(value: PickleValue): boolean {
  return typeof value === 'object' && value !== null;
}

function childrenOf(value: PickleValue): Iterable<[string | number, PickleValue]> | undefined {
  if (value instanceof PickleObject) return value.attributes;
  if (value instanceof Map) return value;
  return Array.isArray(value) ? value.entries() : undefined;
}

/** Row-major bytes of a tensor with any strides. */
async function readStrided({ storage, offset, shape, stride }: PickleTensor, read: ReadStorage): Promise<Uint8Array> {
  if (elementsOf(shape) === 0) return new Uint8Array(0);
  const itemSize = dtypeSize(storage.dtype);
  const start = (storage.offset + offset) * itemSize;
  const bytes = await read(storage.key, start, spanOf(shape, stride) * itemSize);
  return isRowMajor(shape, stride) ? bytes : toRowMajor(bytes, itemSize, shape, stride);
}
