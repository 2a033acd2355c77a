/**
 * Reads what torch.save wrote before 1.6 (and still writes on request): pickles in a row, then the storages. In turn: a
 * magic number, the version of the format, facts on the system, the saved value, the keys of the storages; then for each
 * storage its number of elements, 8 bytes, and the elements.
 */
import { readPickleAt } from './pickle.js';
import { CutPickleError } from './pickle_cursor.js';
import { type PickleValue, valueAt } from './pickle_values.js';
import { shownText } from './shown_text.js';
import type { ByteSource } from './source.js';
import { MAX_PICKLE, type TorchArchive, tensorsBelow } from './torch_tensors.js';

const MAGIC = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;
/** Bytes that are read at first; a state dict of CLIP takes about a third. */
const FIRST_READ = 1 << 20;

/** A storage of the file: where its elements are, and how many. */
interface Run {
  readonly at: number;
  readonly count: number;
}

/** Opens a file of torch before 1.6. Its pickles and the sizes of its storages are read. @throws see `readTorchArchive` */
export async function readTorchLegacy(source: ByteSource): Promise<TorchArchive> {
  const { name } = source;
  const { root, itemSizes, keys, end } = await readPickles(source);
  const runs = await findRuns(source, keys, end, itemSizes);
  const tensors = tensorsBelow(
    name,
    root,
    (tensor, { key, offset, length }) => {
      const count = runs.get(key)?.count;
      if (count !== undefined && offset + length <= count) return;
      throw new Error(
        `${name}: tensor ${tensor}: storage ${shownText(key)} is wrong: expected ${offset + length} elements, got ${count ?? 'no such storage'}; the download may be incomplete`,
      );
    },
    (key, offset, length) => source.read(runs.get(key)!.at + offset, length),
  );
  return { root, tensors };
}

/** What the pickles say. */
interface Pickles {
  readonly root: PickleValue;
  /** Bytes of an element of each storage. */
  readonly itemSizes: ReadonlyMap<string, number>;
  /** Keys of the storages, in their order in the file. */
  readonly keys: readonly string[];
  /** Offset of the first storage. */
  readonly end: number;
}

/** The pickles at the start of the file. How long they are shows only in reading them: more bytes are read until they fit. */
async function readPickles(source: ByteSource): Promise<Pickles> {
  for (let size = FIRST_READ; ; size *= 8) {
    const length = Math.min(size, MAX_PICKLE, source.size);
    try {
      return parsePickles(source.name, await source.read(0, length));
    } catch (error) {
      if (!(error instanceof CutPickleError) || length === source.size) throw error;
      if (length < MAX_PICKLE) continue;
      throw new Error(`${source.name}: pickle is too long: expected at most ${MAX_PICKLE} bytes`);
    }
  }
}

function parsePickles(file: string, bytes: Uint8Array): Pickles {
  const magic = readPickleAt(file, bytes, 0);
  if (magic.value !== MAGIC) {
    throw new Error(
      `${file}: a pickle that torch.save did not write: load it in Python and save its state dict with torch.save`,
    );
  }
  const version = readPickleAt(file, bytes, magic.end);
  if (version.value !== VERSION) {
    throw new Error(`${file}: version is not supported: expected ${VERSION}, got ${shown(version.value)}`);
  }
  const system = readPickleAt(file, bytes, version.end);
  if (valueAt(system.value, 'little_endian') !== true) {
    throw new Error(`${file}: byte order is not supported: expected a file of a little-endian machine`);
  }
  const saved = readPickleAt(file, bytes, system.end);
  const keys = readPickleAt(file, bytes, saved.end);
  if (!Array.isArray(keys.value) || !keys.value.every((key) => typeof key === 'string')) {
    throw new Error(`${file}: storages are broken: expected a list of keys`);
  }
  return { root: saved.value, itemSizes: saved.itemSizes, keys: keys.value as string[], end: keys.end };
}

const shown = (value: PickleValue): string => (typeof value === 'object' ? 'a list' : shownText(String(value)));

/** Walks over the storages. After one whose type is not known, the others cannot be found. */
async function findRuns(
  source: ByteSource,
  keys: readonly string[],
  start: number,
  itemSizes: ReadonlyMap<string, number>,
): Promise<Map<string, Run>> {
  const runs = new Map<string, Run>();
  let at = start;
  for (const key of keys) {
    const itemSize = itemSizes.get(key);
    if (itemSize === undefined) break;
    const head = await source.read(at, 8);
    const count = Number(new DataView(head.buffer).getBigInt64(0, true));
    const end = at + 8 + count * itemSize;
    if (count < 0 || end > source.size || runs.has(key)) {
      throw new Error(
        `${source.name}: storage ${shownText(key)} is wrong: expected ${count} elements of ${itemSize} bytes in a file of ${source.size} bytes; the download may be incomplete`,
      );
    }
    runs.set(key, { at: at + 8, count });
    at = end;
  }
  return runs;
}
