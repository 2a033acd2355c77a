/** `npm run export-speed`: a block of the image tower as `aaclip export` writes it, in onnxruntime on the CPU, beside ours. */
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { loadBlock, runBlock, tokensOf } from '#src/cli/bench/block_bench';
import { GraphWeights } from '#src/export/graph_weights';
import { onnxBytes } from '#src/export/onnx_file';
import { OnnxGraph } from '#src/export/onnx_graph';
import { TowerGraph } from '#src/export/tower_graph';
import type { ClipTensors } from '#src/io/clip_names';
import { synth } from '#src/io/synth';
import { syntheticClip, VIT_L_14_336 } from '#src/model/synthetic';
import { openGpu } from '#src/node/device';
import { read, upload } from '#src/tensor/tensor';
import { runCommand } from './command.js';

const USAGE = `usage: npm run export-speed -- [--samples N] [--img_size PX]

Runs the first block of a made-up ViT-L/14 on the tokens of one picture, alternately in onnxruntime on the CPU (as \`aaclip export\`
writes it) and on this machine's WebGPU adapter, compares the outputs, and prints the times of both: by the clock, and of all cores
together, which says more on a machine that others use.

  --samples N     runs of each (default 7)
  --img_size PX   side of the picture, which gives the tokens (default 518: 1370 tokens)
`;

/** The block as an ONNX model: tokens [B, T, W] in and out. */
async function blockModel(tensors: ClipTensors, imageSize: number): Promise<Uint8Array> {
  const graph = new OnnxGraph();
  const config = VIT_L_14_336;
  const dims = ['batch', tokensOf({ tiny: false, imageSize }), config.visionWidth];
  const use = { config, imageSize, activation: 'gelu', positional: new Float32Array() } as const;
  const tower = new TowerGraph(new GraphWeights(graph, tensors, 'f32'), use);
  graph.output('y', tower.block(graph.input('x', 'f32', dims), 0), 'f32', dims);
  const model = { graph: graph.finish(), name: 'block', producer: { name: 'aaclip', version: '' }, metadata: {} };
  const chunks: Uint8Array[] = [];
  for await (const chunk of onnxBytes(model)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Milliseconds of a run, and of all cores together. */
interface Timed {
  readonly wall: number;
  readonly cores: number;
}

async function timed(work: () => Promise<unknown>): Promise<Timed> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { wall: performance.now() - start, cores: (user + system) / 1000 };
}

function line(title: string, times: readonly Timed[]): string {
  const told = (of: (t: Timed) => number): string => {
    const sorted = times.map(of).sort((a, b) => a - b);
    return `median ${sorted[Math.floor(sorted.length / 2)]!.toFixed(0)}, least ${sorted[0]!.toFixed(0)}`;
  };
  return `${title}: ms ${told((t) => t.wall)}; of all cores together ${told((t) => t.cores)}`;
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      samples: { type: 'string', default: '7' },
      img_size: { type: 'string', default: '518' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const [samples, imageSize] = [Number(values.samples), Number(values.img_size)];
  for (const [flag, n] of Object.entries({ samples, img_size: imageSize })) {
    if (!Number.isInteger(n) || n < 1) throw new Error(`--${flag}: expected a whole number of 1 or more`);
  }
  const tensors = syntheticClip(VIT_L_14_336, 1);
  const session = await InferenceSession.create(await blockModel(tensors, imageSize), { logSeverityLevel: 3 });
  const dims = [1, tokensOf({ tiny: false, imageSize }), VIT_L_14_336.visionWidth];
  const data = synth(1, 'tokens', dims, 1);
  const feeds = { x: new OrtTensor('float32', data, dims) };
  using gpu = await openGpu();
  using block = await loadBlock(gpu, false, tensors);
  using x = upload(gpu, data, dims);
  const ours = async (): Promise<Float32Array> => {
    using y = runBlock(x, block);
    return await read(y);
  };
  const theirs = async (): Promise<Float32Array> => (await session.run(feeds)).y!.data as Float32Array;
  const [want, got] = [await ours(), await theirs()];
  const largest = want.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  const apart = got.reduce((m, v, i) => Math.max(m, Math.abs(v - want[i]!)), 0) / largest;
  const times: { ours: Timed[]; theirs: Timed[] } = { ours: [], theirs: [] };
  for (let i = 0; i < samples; i++) {
    times.theirs.push(await timed(theirs));
    times.ours.push(await timed(ours));
  }
  const { description, device } = gpu.description;
  process.stdout.write(
    [
      `a block of ViT-L/14, ${dims[1]} tokens, f32, ${availableParallelism()} cores; outputs differ by ${apart.toExponential(1)} of the largest`,
      line('onnxruntime, CPU', times.theirs),
      line(`aaclip, ${device || description}`, times.ours),
      '',
    ].join('\n'),
  );
}

await runCommand(() => main(process.argv.slice(2)));
