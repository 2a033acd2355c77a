/** `npm run many-pixels`: the figures of a class with more pixels than fit into memory, and what they cost. */
import { tmpdir } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { ClassScores } from '#src/eval/metrics';
import { openWordFile } from '#src/node/word_file';
import { runCommand } from './command.js';

const USAGE = `usage: npm run many-pixels -- [--pixels N] [--memory GIB] [--folder DIR]

Makes up maps and masks of 518 x 518 pixels, streams them through the metrics, and prints figures, time and the process's
peak of memory. With a tenth of the pixels it does so twice, in memory and in a file, and compares the figures.

  --pixels N     pixels in all (default 1e9)
  --memory GIB   what the process may take (default 1)
  --folder DIR   where scores go that exceed it (default: the system's folder for temporary files)
`;

const SIDE = 518;
/** Bytes of the memory that Node and sorting take. */
const WORKING = 3 * 2 ** 27;

/** Numbers without pattern, from an image's number and a pixel's (a finaliser of MurmurHash3). */
function mixed(x: number): number {
  let h = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Every third picture has a disc that scores higher; scores have ties, as maps in f16 would. */
function fill(image: number, map: Float32Array, mask: Uint8Array): 0 | 1 {
  const abnormal = image % 3 === 0;
  const [cx, cy, r] = [0, 1, 2].map((k) => (mixed(3 * image + k) / 2 ** 32) * [SIDE, SIDE, 60][k]!) as [
    number,
    number,
    number,
  ];
  for (let i = 0; i < map.length; i++) {
    const [dx, dy] = [(i % SIDE) - cx, Math.floor(i / SIDE) - cy];
    mask[i] = Number(abnormal && dx * dx + dy * dy < r * r);
    const noise = mixed(image * map.length + i);
    map[i] = ((noise & 0xffff) + (noise >>> 16)) / 2 ** 17 + 0.25 * mask[i]!;
  }
  return abnormal ? 1 : 0;
}

function figuresOf(images: number, bytes: number, folder: string) {
  using scores = new ClassScores('Industrial', {
    width: SIDE,
    memory: { bytes, openStore: () => openWordFile(folder) },
  });
  const map = new Float32Array(SIDE * SIDE);
  const mask = new Uint8Array(map.length);
  for (let image = 0; image < images; image++) {
    const label = fill(image, map, mask);
    scores.add(map, mask, label, mixed(image) / 2 ** 33 + label / 4);
  }
  return scores.figures();
}

async function manyPixels(): Promise<void> {
  const text = { type: 'string' } as const;
  const options = { pixels: text, memory: text, folder: text, help: { type: 'boolean' } } as const;
  const { values } = parseArgs({ options });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const images = Math.ceil(Number(values.pixels ?? 1e9) / SIDE ** 2);
  const bytes = Number(values.memory ?? 1) * 2 ** 30 - WORKING;
  if (!(images > 0) || !(bytes > 0)) throw new Error('many-pixels: expected --pixels above 0 and --memory above 0.375');
  const folder = values.folder ?? tmpdir();
  const started = performance.now();
  const figures = figuresOf(images, bytes, folder);
  const seconds = (performance.now() - started) / 1000;
  const peak = process.resourceUsage().maxRSS / 2 ** 20;
  process.stdout.write(
    `${JSON.stringify(figures, null, 1)}\n${images * SIDE ** 2} pixels in ${seconds.toFixed(0)} s, peak of the process ${peak.toFixed(2)} GiB\n`,
  );
  const tenth = Math.ceil(images / 10);
  const [inFile, inMemory] = [2 ** 24, Infinity].map((room) => JSON.stringify(figuresOf(tenth, room, folder)));
  if (inFile !== inMemory) throw new Error(`many-pixels: a tenth of them: in a file ${inFile}, in memory ${inMemory}`);
  process.stdout.write(`a tenth of them: the figures in a file equal those in memory: ${inFile}\n`);
}

await runCommand(manyPixels);
