/** A process of its own that `aaclip bench start` times: from nothing to the score of a first picture. */
import { noisePicture } from './start_picture.js';

interface Job {
  readonly weights: string;
  readonly adapters: string;
  readonly imageSize: number;
  readonly adapter?: string;
  readonly kernels?: Record<string, string>;
  readonly precision: 'f32' | 'f16';
}

/** Milliseconds since the process was started. */
const now = (): number => performance.now();

async function main(): Promise<void> {
  const { weights, adapters, imageSize, adapter, kernels, precision } = JSON.parse(process.argv[2] ?? '') as Job;
  const { loadDetector } = await import('../../node/node_library.js');
  const { openGpu } = await import('../../node/device.js');
  const imported = now();
  let [began, opened] = [0, 0];
  using detector = await loadDetector({
    weights,
    adapters,
    imageSize,
    precision,
    classes: ['metal nut'],
    onNote: () => {},
    gpu: async () => {
      began = now();
      const gpu = await openGpu({ adapter, kernels, precision, onNote: () => {} });
      opened = now();
      return gpu;
    },
  });
  const loaded = now();
  for await (const { score } of detector.detect([noisePicture(imageSize)], 'metal nut')) {
    const done = now();
    const phases = { import: imported, device: opened - began, load: loaded - imported - (opened - began) };
    process.stdout.write(`${JSON.stringify({ ...phases, picture: done - loaded, total: done, score })}\n`);
  }
  process.exit(0);
}

await main();
