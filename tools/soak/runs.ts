/** Long runs: pictures through `aaclip predict`, and devices that are opened and closed. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { predictCommand } from '#src/cli/predict/command';
import { createProgram } from '#src/cli/program';
import type { Gpu } from '#src/gpu/gpu';
import { openGpu } from '#src/node/device';
import { encodePng } from '#src/node/encode_png';
import { type PixelSource, preparePicture } from '#src/picture/resize_picture';
import { read } from '#src/tensor/tensor';
import { type Sample, sample } from './samples.js';

/** Samples of a run, the first one included. */
const SAMPLES = 13;

/** Side that pictures are resized to. */
const SIZE = 56;

/** A picture of one of many sizes: tables and buffers that depend on the size must not pile up. */
function drawPicture(n: number): PixelSource & { readonly data: Uint8Array } {
  const [width, height] = [40 + (n % 97), 40 + (n % 89)];
  return { width, height, data: Uint8Array.from({ length: 3 * width * height }, (_, at) => (at * 7 + n) % 251) };
}

/** Whether a sample is due after `done` of `total`. */
const due = (done: number, total: number): boolean =>
  Math.floor((done * (SAMPLES - 1)) / total) > Math.floor(((done - 1) * (SAMPLES - 1)) / total);

/**
 * Opens a device, prepares a picture on it, reads that back and closes it, again and again.
 * @param onOpen told about each device and its number, from 1
 */
export async function soakOpens(total: number, onOpen?: (gpu: Gpu, n: number) => void): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let done = 1; done <= total; done++) {
    using gpu = await openGpu();
    onOpen?.(gpu, done);
    using prepared = preparePicture(gpu, drawPicture(done), SIZE);
    await read(prepared);
    if (due(done, total)) samples.push(sample(done));
  }
  return samples;
}

function writePictures(folder: string, total: number): void {
  mkdirSync(folder);
  for (let i = 0; i < total; i++) {
    const { width, height, data } = drawPicture(i);
    writeFileSync(join(folder, `${i}.png`), encodePng(width, height, data));
  }
}

/** Runs `aaclip predict` over a folder of so many pictures, in this process; heatmaps and maps are written too. */
export async function soakPredict(total: number): Promise<Sample[]> {
  const folder = mkdtempSync(join(tmpdir(), 'aaclip-soak-'));
  const samples: Sample[] = [];
  const write = process.stdout.write;
  let done = 0;
  try {
    writePictures(join(folder, 'in'), total);
    // The command prints a line for each picture.
    process.stdout.write = ((): boolean => {
      if (due(++done, total)) samples.push(sample(done));
      return true;
    }) as typeof write;
    const words = [
      '--class',
      'screw',
      '--weights',
      'tiny',
      '--adapters',
      'tiny',
      '--img_size',
      String(SIZE),
      '--batch_size',
      '4',
    ];
    const files = ['--out', join(folder, 'out'), '--map', '--raw', 'npy', '--json'];
    await createProgram([predictCommand]).parseAsync([
      'node',
      'aaclip',
      'predict',
      join(folder, 'in'),
      ...words,
      ...files,
    ]);
  } finally {
    process.stdout.write = write;
    rmSync(folder, { recursive: true, force: true });
  }
  if (done !== total) throw new Error(`soak: predict printed ${done} lines for ${total} pictures`);
  return samples;
}
