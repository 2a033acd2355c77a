/** Long runs: pictures through `aaclip predict`, requests to `aaclip serve`, and devices that are opened and closed. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { DetectorJudge, type Judge } from '#src/cli/judge';
import { predictCommand } from '#src/cli/predict/command';
import { createProgram } from '#src/cli/program';
import { createService } from '#src/cli/serve/http_service';
import { RequestQueue } from '#src/cli/serve/request_queue';
import { ServiceMetrics } from '#src/cli/serve/service_metrics';
import type { Gpu } from '#src/gpu/gpu';
import { openGpu } from '#src/node/device';
import { encodePng } from '#src/node/encode_png';
import { loadDetector } from '#src/node/node_library';
import { type PixelSource, preparePicture } from '#src/picture/resize_picture';
import { read } from '#src/tensor/tensor';
import { collectGarbage, type Sample, sample } from './samples.js';

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

/** Connections that send requests at the same time. */
const CONNECTIONS = 64;

/** A judge for trials: the small packaged model. */
export function smallJudge(): DetectorJudge {
  const options = { weights: 'tiny', adapters: 'tiny', classes: ['screw'], imageSize: SIZE, batchSize: 8 };
  return new DetectorJudge(() => loadDetector(options), undefined);
}

/**
 * Sends pictures to a service of this process over 64 connections. @param bytes appended to each picture
 * @throws when a request gets anything but a result
 */
export async function soakRequests(total: number, judge: Judge, bytes = 0): Promise<Sample[]> {
  const samples: Sample[] = [];
  const queue = new RequestQueue({ judge, batch: 8, gather: 1, most: CONNECTIONS, onNote: () => undefined });
  const app = await createService({
    queue,
    metrics: new ServiceMetrics(),
    classes: [{ name: 'screw', domain: 'Industrial', words: 'screw', unknownWords: [] }],
    ruleFor: () => ({ source: 'preset', rule: 'stand-in' }),
    rules: {},
    maxBytes: 1 << 20,
    seconds: 60,
    page: [],
    version: 'soak',
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const bodies = Array.from({ length: 256 }, (_, n) => {
    const { width, height, data } = drawPicture(n);
    return Buffer.concat([encodePng(width, height, data), Buffer.alloc(bytes)]);
  });
  const send = (body: Buffer): Promise<number> =>
    new Promise((done, failed) => {
      const headers = { 'content-type': 'image/png', 'content-length': body.length };
      const options = { port, host: '127.0.0.1', path: '/v1/predict', method: 'POST', agent, headers };
      const sent = request(options, (answer) => answer.resume().on('end', () => done(answer.statusCode ?? 0)));
      sent.on('error', failed).end(body);
    });
  let next = 0;
  const client = async (until: number): Promise<void> => {
    while (next < until) {
      const status = await send(bodies[next++ % bodies.length]!);
      if (status !== 200) throw new Error(`soak: expected an answer of 200, got ${status}`);
    }
  };
  try {
    // Measured between rounds, when no body is in memory.
    for (let done = 1; done <= total; done++) {
      if (!due(done, total)) continue;
      await Promise.all(Array.from({ length: CONNECTIONS }, () => client(done)));
      // Arrays are given back beside the program, a while after they were collected.
      collectGarbage();
      await pause(100);
      samples.push(sample(done));
    }
  } finally {
    agent.destroy();
    await app.close();
    queue.close();
  }
  return samples;
}
