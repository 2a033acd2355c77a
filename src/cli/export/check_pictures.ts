/** Two pictures beside an exported model, and what this program finds in them: whoever deploys it can check. */
import { basename, join } from 'node:path';
import type { Detection } from '../../detect/detection.js';
import type { Detector } from '../../detect/detector.js';
import { encodeNpy } from '../../eval/npy.js';
import { writeAtomically } from '../../node/atomic_write.js';
import { encodePng } from '../../node/encode_png.js';
import { makeFolder } from '../../node/make_folder.js';
import { preparePictures } from '../../picture/resize_picture.js';
import { read } from '../../tensor/tensor.js';

const [WIDTH, HEIGHT] = [320, 240];

/** A woven surface; `faulty` with a blot. */
function draw(faulty: boolean): Uint8Array {
  const data = new Uint8Array(3 * WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const weave = 140 + 30 * Math.sin(x / 4) + 30 * Math.cos(y / 5) + 10 * Math.sin((x * y) / 97);
      const blot = faulty && (x - 210) ** 2 + 2 * (y - 90) ** 2 < 32 ** 2;
      for (let c = 0; c < 3; c++) data[3 * (y * WIDTH + x) + c] = blot ? 50 + 10 * c : weave - 12 * c;
    }
  }
  return data;
}

/** The folder beside a model. */
export const checkFolder = (out: string): string => `${out.replace(/\.onnx$/i, '')}.reference`;

/**
 * Writes `good.png`, `faulty.png`, `images.npy` (both prepared, [2, 3, S, S]), `map.npy` ([2, S, S]) and `expected.json` (scores).
 * @param out the model's file; they go into a folder beside it
 * @returns the folder
 */
export async function writeCheckPictures(out: string, detector: Detector): Promise<string> {
  const folder = checkFolder(out);
  makeFolder(folder);
  const put = (name: string, bytes: Uint8Array): Promise<void> => writeAtomically(join(folder, name), bytes);
  const pictures = ['good', 'faulty'].map((kind) => {
    return { name: `${kind}.png`, width: WIDTH, height: HEIGHT, data: draw(kind === 'faulty') };
  });
  const [first] = detector.classes;
  const found: Detection[] = [];
  for await (const detection of detector.detect(pictures, first!.name)) found.push(detection);
  const size = detector.imageSize;
  using images = preparePictures(detector.model.gpu, pictures, size);
  for (const { name, data } of pictures) await put(name, encodePng(WIDTH, HEIGHT, data));
  await put('images.npy', encodeNpy([2, 3, size, size], await read(images)));
  const maps = new Float32Array(2 * size * size);
  for (const [i, { map }] of found.entries()) maps.set(map.data, i * size * size);
  await put('map.npy', encodeNpy([2, size, size], maps));
  const expected = {
    model: basename(out),
    class: { name: first!.name, number: 0 },
    pictures: found.map(({ name, score, imageScore, decision }) => ({
      ...{ file: name, score, image_score: imageScore },
      ...{ normalized_score: decision.score, anomalous: decision.anomalous, rule: decision.rule },
    })),
    images: 'images.npy',
    map: 'map.npy',
  };
  await put('expected.json', new TextEncoder().encode(`${JSON.stringify(expected, null, 1)}\n`));
  return folder;
}
