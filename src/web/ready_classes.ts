/** Anchors and words of some classes, made in advance for the packaged model: these classes need neither text tower nor merges. */
import type { AnchorStore } from '../detect/anchor_cache.js';
import { type ClipTensors, canonicalClip } from '../io/clip_names.js';
import { joinedChunks } from '../io/joined_chunks.js';
import { openTensorSource } from '../io/open_tensors.js';
import { openSafetensors } from '../io/safetensors.js';
import { toWrite, writeSafetensors } from '../io/safetensors_writer.js';
import { hasSha256, sha256 } from '../io/sha256.js';
import type { ByteSource } from '../io/source.js';
import { rawF32 } from '../io/tensor_file.js';

export interface ReadyClasses {
  /** Token ids of every word of their prompts. */
  readonly words: ReadonlyMap<string, readonly number[]>;
  /** Anchors [E, 2] by the key that an `AnchorStore` is asked with. */
  readonly anchors: ReadonlyMap<string, Float32Array>;
}

/** The words are in the file's metadata, the anchors are tensors named by their keys. */
export async function readReady(source: ByteSource): Promise<ReadyClasses> {
  const file = await openSafetensors(source);
  const words = JSON.parse(file.metadata.get('words') ?? '[]') as [string, number[]][];
  const anchors = new Map<string, Float32Array>();
  for (const key of file.tensors.keys()) anchors.set(key, await file.readF32(key));
  return { words: new Map(words), anchors };
}

/** The bytes of a file that `readReady` reads. */
export function writeReady({ words, anchors }: ReadyClasses): Promise<Uint8Array> {
  const tensors = [...anchors].map(([key, values]) => toWrite(key, rawF32([values.length / 2, 2], values)));
  return joinedChunks(writeSafetensors(tensors, { words: JSON.stringify([...words]) }));
}

/** The packaged CLIP, whose fingerprint is a hash of its file: it is small. */
export async function packagedClip(source: ByteSource): Promise<ClipTensors> {
  const clip = canonicalClip(await openTensorSource(source));
  return hasSha256() ? { ...clip, fingerprint: async () => sha256(await source.read(0, source.size)) } : clip;
}

/** Most classes whose anchors are kept in memory, of some kB each. */
const MOST_KEPT = 256;

/** Keeps anchors in memory: a device that was lost, or another size of pictures, then needs no text tower. */
export function memoryAnchors(ready: NonNullable<AnchorStore['ready']>): AnchorStore {
  const kept = new Map<string, Uint8Array>();
  return {
    load: async (key) => kept.get(key),
    async save(key, file) {
      const [oldest] = kept.keys();
      if (kept.size >= MOST_KEPT && oldest !== undefined) kept.delete(oldest);
      kept.set(key, file);
    },
    ready,
  };
}
