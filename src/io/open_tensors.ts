/** Files of tensors in any format that is read here. */
import { HEAD, unreadableKind } from './file_kind.js';
import { openSafetensors } from './safetensors.js';
import { openSharded } from './sharded.js';
import type { ByteSource } from './source.js';
import { listNames, type TensorFile } from './tensor_file.js';
import { readTorchArchive } from './torch_archive.js';

/**
 * Opens safetensors, a file of torch, or the index of weights in several files (where the source can open the files beside
 * it); the first bytes tell which.
 *
 * @throws one line: for a file of another kind, what it is and what to do; what the readers of the formats throw
 */
export async function openTensorSource(source: ByteSource): Promise<TensorFile> {
  return openOne(source, (head) => {
    if (!isJson(head)) return undefined;
    return openSharded(source, (shard) => openOne(shard, () => undefined));
  });
}

/** @param otherwise opens a file that no reader knows by its first bytes */
async function openOne(
  source: ByteSource,
  otherwise: (head: Uint8Array) => Promise<TensorFile> | undefined,
): Promise<TensorFile> {
  const head = await source.read(0, Math.min(HEAD, source.size));
  // First: the length of a header may begin with the bytes of a pickle.
  if (isSafetensors(head)) return openSafetensors(source);
  if (isTorch(head)) {
    const { tensors } = await readTorchArchive(source);
    if (tensors.tensors.size === 0) throw noTensors(tensors);
    return tensors;
  }
  const other = otherwise(head);
  if (other !== undefined) return other;
  const error = unreadableKind(source.name, head, source.size);
  // A file by that name is measured by its own format.
  const unknown = error.message.includes('not a known kind') && source.name.endsWith('.safetensors');
  return unknown ? openSafetensors(source) : Promise.reject(error);
}

/** A zip archive, or a pickle of protocol 2 or later. */
function isTorch(head: Uint8Array): boolean {
  if (head[0] === 0x50 && head[1] === 0x4b) return head[2] === 3 || head[2] === 5;
  return head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5;
}

/** A length below 4 GiB, then the header. */
function isSafetensors(head: Uint8Array): boolean {
  return head.length > 8 && head[8] === 0x7b && head[4]! + head[5]! + head[6]! + head[7]! === 0;
}

function isJson(head: Uint8Array): boolean {
  return /^\ufeff?\s*\{\s*["}]/.test(new TextDecoder().decode(head));
}

function noTensors(file: TensorFile): Error {
  const values = [...(file.unread ?? [])].map(([name, why]) => `${name || 'the value'}: ${why}`);
  const got = values.length === 0 ? 'other values only' : listNames(values, 1);
  return new Error(`${file.name}: no tensors in it: expected weights, got ${got}; save a state dict with torch.save`);
}
