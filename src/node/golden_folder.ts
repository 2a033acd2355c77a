/** A folder of expected values on disk. */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSafetensors } from '../io/safetensors.js';
import { readTorchArchive } from '../io/torch_archive.js';
import type { GoldenFolder } from '../verify/case.js';
import { loadMask, loadPicture } from './decode.js';
import { fileError } from './file_error.js';
import { fileSource } from './file_source.js';

/** @throws one line when the folder is missing. */
export function goldenFolder(path: string): GoldenFolder {
  let files: string[];
  try {
    files = readdirSync(path);
  } catch (error) {
    throw fileError(path, 'read', error);
  }
  return {
    files,
    open: async (file) => openSafetensors(await fileSource(join(path, file))),
    openArchive: async (file) => (await readTorchArchive(await fileSource(join(path, file)))).tensors,
    decode: (file) => loadPicture(join(path, file)),
    decodeMask: (file) => loadMask(join(path, file)),
    text: async (file) => {
      try {
        return await readFile(join(path, file), 'utf8');
      } catch (error) {
        throw fileError(join(path, file), 'read', error);
      }
    },
  };
}
