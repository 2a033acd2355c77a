/**
 * Scores pictures with a model that `aaclip export` wrote.
 *
 *   npm install onnxruntime-node sharp
 *   node detect.mjs model.onnx [--threshold 0.5] [--class 0] a.jpg b.png
 */
import { parseArgs } from 'node:util';
import ort from 'onnxruntime-node';
import sharp from 'sharp';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { threshold: { type: 'string', default: '0.5' }, class: { type: 'string', default: '0' } },
});
const [model, ...pictures] = positionals;

try {
  const session = await ort.InferenceSession.create(model);
  for (const path of pictures) {
    const { data, info } = await sharp(path)
      .removeAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    const feeds = { pictures: new ort.Tensor('uint8', data, [1, info.height, info.width, 3]) };
    // A model of several classes is told which one a picture shows.
    if (session.inputNames.includes('class')) {
      feeds.class = new ort.Tensor('int64', BigInt64Array.of(BigInt(values.class)), [1]);
    }
    const { normalized_score, map } = await session.run(feeds);
    const score = normalized_score.data[0]; // 0 to 1; the model's own threshold is 0.5
    const [, height, width] = map.dims; // 0 to 1 at every pixel of the resized picture
    const at = map.data.indexOf(map.data.reduce((a, b) => Math.max(a, b)));
    const [x, y] = [(at % width) / width, Math.floor(at / width) / height];
    const verdict = score >= Number(values.threshold) ? 'FAULTY' : 'good';
    const place = `${Math.round(x * info.width)},${Math.round(y * info.height)}`;
    console.log(`${path}: ${verdict}, score ${score.toFixed(4)}, most of it at ${place}`);
  }
} catch (error) {
  console.error(`${model}: ${error.message}`);
  process.exitCode = 1;
}
