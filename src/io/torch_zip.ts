/** Reads the zip archives that torch.save writes since 1.6, and TorchScript. */
import { dtypeSize } from './dtype.js';
import { readPickle } from './pickle.js';
import type { PickleStorage } from './pickle_values.js';
import { shownText } from './shown_text.js';
import type { ByteSource } from './source.js';
import { listNames } from './tensor_file.js';
import { MAX_PICKLE, type TorchArchive, tensorsBelow } from './torch_tensors.js';
import { openZip, type ZipArchive } from './zip.js';

/** Longest text of the byte order. */
const MAX_ORDER = 100;

/** Opens a torch archive. Its directory and its pickle are read. @throws see `readTorchArchive` */
export async function readTorchZip(source: ByteSource): Promise<TorchArchive> {
  const { name } = source;
  const zip = await openZip(source);
  const folder = findFolder(zip);
  await checkByteOrder(zip, folder);
  const pickle = zip.entries.get(`${folder}data.pkl`)!;
  const what = shownText(pickle.name);
  if (pickle.size > MAX_PICKLE) {
    throw new Error(`${name}: ${what} is too long: expected at most ${MAX_PICKLE} bytes, got ${pickle.size}`);
  }
  const root = readPickle(`${name}: ${what}`, await zip.read(pickle.name));
  const tensors = tensorsBelow(
    name,
    root,
    (tensor, storage) => checkStorage(zip, folder, tensor, storage),
    (key, offset, length) => zip.readRange(`${folder}data/${key}`, offset, length),
  );
  return { root, tensors };
}

/** The archive keeps everything in one folder, named after the file it was first saved as. */
function findFolder(zip: ZipArchive): string {
  const pickles = [...zip.entries.keys()].filter((name) => /^(?:.*\/)?data\.pkl$/.test(name));
  if (pickles.length !== 1) throw new Error(notTorch(zip, pickles.length));
  return pickles[0]!.slice(0, -'data.pkl'.length);
}

function notTorch(zip: ZipArchive, pickles: number): string {
  const names = [...zip.entries.keys()].filter((name) => !name.endsWith('/'));
  const what = `${zip.name}: not a torch archive: expected one data.pkl, got ${pickles}`;
  if (names.some((name) => name.endsWith('.npy'))) {
    return `${what}: it is an archive of numpy arrays (.npz): load them in Python and save them with torch.save`;
  }
  if (names.includes('model.weights.h5')) return `${what}: it is a Keras model, and only CLIPs of torch can be read`;
  const weights = names.find((name) => /\.(?:pt|pth|bin|ckpt|safetensors)$/.test(name));
  if (weights !== undefined)
    return `${what}: it is a zip with ${shownText(weights)} in it: unpack it and name that file`;
  return `${what} among ${listNames(names)}; use a file that torch.save wrote`;
}

async function checkByteOrder(zip: ZipArchive, folder: string): Promise<void> {
  const entry = zip.entries.get(`${folder}byteorder`);
  if (entry === undefined) return;
  const order = entry.size > MAX_ORDER ? 'a long text' : new TextDecoder().decode(await zip.read(entry.name)).trim();
  if (order !== 'little') {
    throw new Error(`${zip.name}: byte order is not supported: expected little, got ${shownText(order, 20)}`);
  }
}

function checkStorage(zip: ZipArchive, folder: string, tensor: string, storage: PickleStorage): void {
  const { key, length, offset, dtype } = storage;
  const entry = zip.entries.get(`${folder}data/${key}`);
  const expected = (offset + length) * dtypeSize(dtype);
  if (entry !== undefined && (offset > 0 ? entry.size >= expected : entry.size === expected)) return;
  throw new Error(
    `${zip.name}: tensor ${tensor}: storage ${shownText(key)} is wrong: expected ${expected} bytes, got ${entry?.size ?? 'no such entry'}`,
  );
}
