/**
 * Reads the zip archives that torch.save and TorchScript write: plain state dicts, checkpoints with optimizer state, OpenAI's
 * `.pt` files. The pickle inside is interpreted, never executed (see `pickle.ts`). Tensors are read one at a time.
 */
import { dtypeSize, elementsOf } from './dtype.js';
import { readPickle } from './pickle.js';
import { PickleObject, PickleTensor, type PickleValue } from './pickle_values.js';
import type { ByteSource } from './source.js';
import { isRowMajor, spanOf, toRowMajor } from './strided.js';
import { makeTensorFile, type TensorFile, type TensorInfo, tensorInfo } from './tensor_file.js';
import { looksLikeZip, openZip, type ZipArchive } from './zip.js';

export interface TorchArchive {
  /** The pickled value: nested maps, lists, numbers, text and tensors (`valueAt` finds a value by its path). */
  readonly root: PickleValue;
  /** Its tensors by dotted name: `visual.proj`, `text_optimizer.state.0.exp_avg`. */
  readonly tensors: TensorFile;
}

const MAX_PICKLE = 1 << 28;
const MAX_VALUES = 4_000_000;

/**
 * Opens a torch archive. Only its directory and its pickle are read.
 *
 * @throws one-line errors for: a file of another kind or of torch before 1.6, a broken archive, a pickle that holds more
 * than tensors and plain values, tensors that do not fit their storage.
 */
export async function readTorchArchive(source: ByteSource): Promise<TorchArchive> {
  const { name } = source;
  if (!(await looksLikeZip(source))) {
    throw new Error(
      `${name}: not a torch archive: expected a zip file, got another kind; a file of torch before 1.6 must be saved again by a newer torch`,
    );
  }
  const zip = await openZip(source);
  const folder = findFolder(zip);
  await checkByteOrder(zip, folder);
  const pickle = zip.entries.get(`${folder}data.pkl`)!;
  if (pickle.size > MAX_PICKLE) {
    throw new Error(`${name}: ${pickle.name} is too long: expected at most ${MAX_PICKLE} bytes, got ${pickle.size}`);
  }
  const root = readPickle(`${name}: ${pickle.name}`, await zip.read(pickle.name));
  const found = collectTensors(name, root);
  for (const [tensor, value] of found) checkStorage(zip, folder, tensor, value);
  const infos: TensorInfo[] = [];
  for (const [tensor, value] of found) infos.push(tensorInfo(tensor, value.storage.dtype, value.shape));
  const tensors = makeTensorFile(name, new Map(), infos, (info) => readTensor(zip, folder, found.get(info.name)!));
  return { root, tensors };
}

/** The archive keeps everything in one folder, named after the file it was first saved as. */
function findFolder(zip: ZipArchive): string {
  const pickles = [...zip.entries.keys()].filter((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  if (pickles.length !== 1) {
    throw new Error(`${zip.name}: not a torch archive: expected one data.pkl, got ${pickles.length}`);
  }
  return pickles[0]!.slice(0, -'data.pkl'.length);
}

async function checkByteOrder(zip: ZipArchive, folder: string): Promise<void> {
  if (!zip.entries.has(`${folder}byteorder`)) return;
  const order = new TextDecoder().decode(await zip.read(`${folder}byteorder`)).trim();
  if (order !== 'little') {
    throw new Error(`${zip.name}: byte order is not supported: expected little, got ${order.slice(0, 20)}`);
  }
}

/** Every tensor below `root` by dotted name. */
function collectTensors(file: string, root: PickleValue): Map<string, PickleTensor> {
  const found = new Map<string, PickleTensor>();
  const above = new Set<PickleValue>();
  let visited = 0;
  const visit = (value: PickleValue, path: string): void => {
    // A pickle may share values, and so it may contain itself or expand without end.
    if (above.has(value) || above.size > 200 || ++visited > MAX_VALUES) {
      throw new Error(
        `${file}: pickle is nested too deeply: expected a tree of plain values, got a cycle or too many values at ${path}`,
      );
    }
    if (value instanceof PickleTensor) {
      if (found.has(path)) throw new Error(`${file}: name is taken: expected each tensor once, got ${path} twice`);
      found.set(path, value);
      return;
    }
    const children = childrenOf(value);
    if (children === undefined) return;
    above.add(value);
    for (const [key, child] of children) visit(child, path === '' ? String(key) : `${path}.${key}`);
    above.delete(value);
  };
  visit(root, '');
  return found;
}

function childrenOf(value: PickleValue): Iterable<[string | number, PickleValue]> | undefined {
  if (value instanceof PickleObject) return value.attributes;
  if (value instanceof Map) return value;
  return Array.isArray(value) ? value.entries() : undefined;
}

function checkStorage(zip: ZipArchive, folder: string, name: string, tensor: PickleTensor): void {
  const { key, length, dtype } = tensor.storage;
  const entry = zip.entries.get(`${folder}data/${key}`);
  const expected = length * dtypeSize(dtype);
  if (entry?.size === expected) return;
  throw new Error(
    `${zip.name}: tensor ${name}: storage ${key} is wrong: expected ${expected} bytes, got ${entry?.size ?? 'no such entry'}`,
  );
}

/** Row-major bytes of a tensor with any strides. */
async function readTensor(zip: ZipArchive, folder: string, tensor: PickleTensor): Promise<Uint8Array> {
  const { storage, offset, shape, stride } = tensor;
  if (elementsOf(shape) === 0) return new Uint8Array(0);
  const itemSize = dtypeSize(storage.dtype);
  const entry = `${folder}data/${storage.key}`;
  const bytes = await zip.readRange(entry, offset * itemSize, spanOf(shape, stride) * itemSize);
  return isRowMajor(shape, stride) ? bytes : toRowMajor(bytes, itemSize, shape, stride);
}
