/**
 * Reads what torch.save and TorchScript write: plain state dicts, checkpoints with optimizer state, OpenAI's `.pt` files. The
 * pickle inside is interpreted, never executed (see `pickle.ts`). Tensors are read one at a time.
 */
import type { ByteSource } from './source.js';
import { readTorchLegacy } from './torch_legacy.js';
import type { TorchArchive } from './torch_tensors.js';
import { readTorchZip } from './torch_zip.js';
import { looksLikeZip } from './zip.js';

export type { TorchArchive } from './torch_tensors.js';

/**
 * Opens a file of torch: a zip archive, or the pickles in a row that torch before 1.6 wrote. Only its directory and its
 * pickles are read.
 *
 * @throws one-line errors for: a file of another kind, a broken archive, a malformed pickle, tensors that do not fit their
 * storage.
 */
export async function readTorchArchive(source: ByteSource): Promise<TorchArchive> {
  if (await looksLikeZip(source)) return readTorchZip(source);
  const [first] = await source.read(0, Math.min(1, source.size));
  if (first === 0x80) return readTorchLegacy(source);
  throw new Error(`${source.name}: not a torch archive: expected what torch.save writes, got a file of another kind`);
}
