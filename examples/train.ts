/**
 * Trains adapters on your own class, then uses them.
 *
 *     node train.ts
 *
 * The pictures are drawn here, to keep the example short: a woven cloth, with a stain on the faulty ones. Yours would
 * be paths: { picture: 'cloth/007.jpg', label: 1, mask: 'cloth/007_mask.png', className: 'cloth' }.
 *
 * Node 24 and later run this file as it is; for older ones compile it first with tsc.
 */
import { type DecodedPicture, loadDetector, type TrainingSample, train } from 'aaclip';

const SIZE = 128;

/** A picture of cloth, and a mask that is white where the cloth is stained. */
function draw(seed: number, faulty: boolean): { picture: DecodedPicture; mask: DecodedPicture } {
  const data = new Uint8Array(3 * SIZE * SIZE);
  const white = new Uint8Array(3 * SIZE * SIZE);
  const [left, top, radius] = [30 + ((seed * 37) % 60), 30 + ((seed * 53) % 60), 12 + (seed % 7)];
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const weave = 140 + 30 * Math.sin((x + seed) / 2) + 30 * Math.sin((y - seed) / 3);
      const stained = faulty && Math.hypot(x - left, y - top) < radius;
      const at = 3 * (y * SIZE + x);
      data.set(stained ? [weave / 2, weave / 3, 20] : [weave, weave, weave - 20], at);
      if (stained) white.fill(255, at, at + 3);
    }
  }
  const pixels = { width: SIZE, height: SIZE };
  return { picture: { ...pixels, name: `cloth ${seed}`, data }, mask: { ...pixels, data: white } };
}

const samples = Array.from({ length: 8 }, (_, seed): TrainingSample => {
  const label = seed % 2 === 0 ? 0 : 1;
  return { ...draw(seed, label === 1), label, className: 'cloth' };
});

const run = train({
  weights: 'tiny',
  samples,
  imageSize: SIZE,
  textEpochs: 2,
  textBatch: 4,
  textRate: 1e-3,
  imageEpochs: 4,
  // With `folder: 'ckpt/cloth'` the run would leave its checkpoints there, and a second run would continue from them.
});
for await (const { stage, epoch, batch, batches, loss } of run) {
  console.log(`${stage} stage, epoch ${epoch + 1}, step ${batch + 1} of ${batches}: loss ${loss.toFixed(4)}`);
}
const adapters = await run.finish();

using detector = await loadDetector({ weights: 'tiny', adapters, classes: ['cloth'] });
for (const faulty of [false, true]) {
  for await (const { score } of detector.detect(draw(100, faulty).picture, 'cloth')) {
    console.log(`a ${faulty ? 'faulty' : 'good'} picture it has not seen: score ${score.toFixed(4)}`);
  }
}
