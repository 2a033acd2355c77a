/** Makes anchors and words of the samples' classes as the page would: the library is watched while it loads them. */
import { join } from 'node:path';
import { Detector } from '#src/detect/detector';
import type { LibraryHost } from '#src/detect/sources';
import type { Gpu } from '#src/gpu/gpu';
import { openSafetensors } from '#src/io/safetensors';
import { bytesSource } from '#src/io/source';
import { fileSource } from '#src/node/file_source';
import { NODE_LIBRARY } from '#src/node/node_library';
import { packagedClip, type ReadyClasses } from '#src/web/ready_classes';

/** @param weights folder of the packaged model */
export async function makeReady(gpu: Gpu, weights: string, classes: readonly string[]): Promise<ReadyClasses> {
  const words = new Map<string, readonly number[]>();
  const keys: string[] = [];
  const anchors = new Map<string, Float32Array>();
  const host: LibraryHost = {
    ...NODE_LIBRARY,
    openClip: async () => packagedClip(await fileSource(join(weights, 'clip.safetensors'))),
    async openTokenizer(signal, texts) {
      const tokenizer = await NODE_LIBRARY.openTokenizer(signal, texts);
      for (const { text, ids } of texts.flatMap((t) => tokenizer.words(t))) words.set(text, ids);
      return tokenizer;
    },
    anchors: {
      load: async () => undefined,
      async ready(key) {
        keys.push(key);
        return undefined;
      },
      // Classes that are missing are asked for first, and then kept in the same order.
      async save(_, file) {
        const kept = await openSafetensors(bytesSource('anchors', file));
        anchors.set(keys[anchors.size]!, await kept.readF32('anchors'));
      },
    },
  };
  const options = { weights: 'tiny', adapters: weights, classes, imageSize: 32, gpu };
  using _ = await Detector.load(host, options);
  return { words, anchors };
}
