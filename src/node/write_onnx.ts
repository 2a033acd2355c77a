/** Writes ONNX models: one file, or one with the nodes and one with the weights. */
import { readdirSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  constantBytes,
  externalBytes,
  MOST_BYTES,
  type OnnxModel,
  onnxBytes,
  planExternal,
} from '../export/onnx_file.js';
import { sha256 } from '../io/sha256.js';
import { writeAtomically } from './atomic_write.js';

export interface WriteOnnxOptions {
  /** Keep weights in a file of their own; where a single file would be too large, they are in any case. */
  readonly external?: boolean | undefined;
  /** Called with the bytes written so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

export interface WrittenOnnx {
  /** The model, and the file of its weights where there is one. */
  readonly files: readonly string[];
  readonly bytes: number;
}

/**
 * Writes a model. It appears whole or not at all: where the weights have a file of their own, that is written first, under a
 * name that no other model uses, and an earlier export's goes when the new model is in its place.
 * @throws a one-line error when a file cannot be written, or a tensor cannot be read
 */
export async function writeOnnx(path: string, model: OnnxModel, options: WriteOnnxOptions = {}): Promise<WrittenOnnx> {
  const folder = dirname(path);
  const stem = basename(path).replace(/\.onnx$/i, '');
  let bytes = 0;
  const counted = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      yield chunk;
      bytes += chunk.byteLength;
      options.onProgress?.(bytes);
    }
  };
  const apart = options.external || constantBytes(model.graph) > MOST_BYTES;
  const data = apart ? `${stem}.${await identity(model)}.data` : undefined;
  const external = data === undefined ? undefined : planExternal(model.graph, data);
  const before = dataFiles(folder, stem);
  try {
    if (external) await writeAtomically(join(folder, external.file), counted(externalBytes(model.graph, external)));
    await writeAtomically(path, counted(onnxBytes(model, external)));
  } catch (error) {
    if (data !== undefined && !before.includes(data)) remove(join(folder, data));
    throw error;
  }
  for (const name of before) if (name !== data) remove(join(folder, name));
  return { files: [path, ...(data === undefined ? [] : [join(folder, data)])], bytes };
}

/** Digits that tell models apart: another graph, or one of other weights, has others. */
async function identity({ graph, metadata }: OnnxModel): Promise<string> {
  const constants = graph.constants.map(({ name, element, dims }) => ({ name, element, dims }));
  const text = JSON.stringify([metadata, graph.nodes, constants]);
  return (await sha256(new TextEncoder().encode(text))).slice(0, 12);
}

/** Names of the files in which exports to this path have left weights. */
function dataFiles(folder: string, stem: string): string[] {
  try {
    return readdirSync(folder).filter(
      (name) => name.startsWith(`${stem}.`) && /^[0-9a-f]{12}\.data$/.test(name.slice(stem.length + 1)),
    );
  } catch {
    // Writing to it says what is wrong.
    return [];
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It has gone, or cannot be removed: nothing refers to it.
  }
}
