/** Files of tensors in either format. */
import { openSafetensors } from './safetensors.js';
import type { ByteSource } from './source.js';
import type { TensorFile } from './tensor_file.js';
import { readTorchArchive } from './torch_archive.js';

/** Opens safetensors or a torch archive; the first bytes tell which. */
export async function openTensorSource(source: ByteSource): Promise<TensorFile> {
  const head = await source.read(0, Math.min(2, source.size));
  const isZip = head[0] === 0x50 && head[1] === 0x4b;
  return isZip ? (await readTorchArchive(source)).tensors : openSafetensors(source);
}
