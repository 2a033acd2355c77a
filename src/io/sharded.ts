/** Reads weights in several files by their index: `model.safetensors.index.json`, `pytorch_model.bin.index.json`. */
import { parseJson } from './bounded_json.js';
import { shownText } from './shown_text.js';
import type { ByteSource } from './source.js';
import { listNames, makeTensorFile, type TensorFile, type TensorInfo } from './tensor_file.js';

/** Longest index, in bytes: one for CLIP takes about 50 kB. */
const MAX_INDEX = 1 << 23;
const MAX_SHARDS = 1000;
/** A file beside the index: no path, no hidden file. */
const SHARD_NAME = /^\w[\w.+-]{0,200}$/;

/**
 * Opens the files that an index names, as one.
 * @param open opens one of them
 * @throws when the text is not an index, a file is missing or lacks a tensor; what `open` throws
 */
export async function openSharded(
  source: ByteSource,
  open: (shard: ByteSource) => Promise<TensorFile>,
): Promise<TensorFile> {
  const map = await readIndex(source);
  const shards = [...new Set(map.values())];
  if (shards.length > MAX_SHARDS) {
    throw new Error(`${source.name}: too many files: expected at most ${MAX_SHARDS}, got ${shards.length}`);
  }
  const files = new Map<string, TensorFile>();
  for (const shard of shards) files.set(shard, await open(await openShard(source, shard)));
  const infos: TensorInfo[] = [];
  const owners = new Map<string, TensorFile>();
  for (const [tensor, shard] of map) {
    const file = files.get(shard)!;
    const info = file.tensors.get(tensor);
    if (info === undefined) {
      throw new Error(
        `${file.name}: tensor is missing: expected ${shownText(tensor)} as ${source.name} says; download all files of one version`,
      );
    }
    infos.push(info);
    owners.set(tensor, file);
  }
  const parts = [source.name, ...[...files.values()].map(({ name }) => name)];
  const whole = makeTensorFile(
    source.name,
    new Map(),
    infos,
    async ({ name }) => (await owners.get(name)!.read(name)).bytes,
  );
  return { ...whole, parts };
}

/** @throws one line that says what the file is, where its text shows it */
function parseIndex(name: string, text: string): unknown {
  if (!text.includes('"weight_map"')) return parseJson(`${name}: the text`, text);
  try {
    return parseJson(`${name}: the index of weights in several files`, text);
  } catch (error) {
    throw new Error(`${(error as Error).message}; download it again, with the files that it names`, { cause: error });
  }
}

async function readIndex(source: ByteSource): Promise<Map<string, string>> {
  const { name, size } = source;
  if (size > MAX_INDEX) throw new Error(`${name}: too long for an index: expected at most ${MAX_INDEX} bytes`);
  const text = new TextDecoder().decode(await source.read(0, size));
  const root = parseIndex(name, text);
  const map = typeof root === 'object' && root !== null && 'weight_map' in root ? root.weight_map : undefined;
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    const keys = typeof root === 'object' && root !== null ? Object.keys(root) : [];
    throw new Error(
      `${name}: JSON, but not the index of weights: expected "weight_map", got ${listNames(keys)}; name the file of weights`,
    );
  }
  const entries = Object.entries(map as Record<string, unknown>);
  if (entries.length === 0) throw new Error(`${name}: weight_map is empty: expected the files of tensors`);
  return new Map(
    entries.map(([tensor, file]): [string, string] => {
      if (typeof file === 'string' && SHARD_NAME.test(file)) return [tensor, file];
      const got = typeof file === 'string' ? JSON.stringify(shownText(file)) : `a ${typeof file}`;
      throw new Error(`${name}: weight_map: expected the name of a file beside the index, got ${got}`);
    }),
  );
}

async function openShard(source: ByteSource, shard: string): Promise<ByteSource> {
  if (source.beside === undefined) {
    throw new Error(
      `${source.name}: an index of several files, which are not there: name the index by its path or address`,
    );
  }
  try {
    return await source.beside(shard);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${why} (${source.name} names it: download all of its files)`, { cause: error });
  }
}
