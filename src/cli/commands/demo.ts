/** `aaclip demo`: the main job on a model made up from a seed, so that everything can be tried before weights are at hand. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { synth } from '../../io/synthetic.js';
import { writeAtomically } from '../atomic_write.js';
import { encodePng } from '../encode_png.js';

/** A plate with brushed lines and, where asked for, a scratch. */
function drawPlate(size: number, scratched: boolean): Uint8Array {
  const grain = synth(3, 'grain', [size], 14);
  const noise = synth(4, 'noise', [size, size], 5);
  const rgb = new Uint8Array(3 * size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const light = 150 + 40 * ((x + y) / (2 * size)) + grain[y]! + noise[y * size + x]!;
      const line = Math.abs(y - (0.35 * size + 0.4 * (x - 0.2 * size)));
      const hit = scratched && x > 0.25 * size && x < 0.7 * size && line < 2.5;
      for (let c = 0; c < 3; c++) rgb[3 * (y * size + x) + c] = Math.max(0, Math.min(255, hit ? 40 : light + 4 * c));
    }
  }
  return rgb;
}

export function demoCommand(program: Command): void {
  program
    .command('demo')
    .description('Draw two pictures and run predict on them with a small model made up from a seed (it knows nothing).')
    .option('--out <dir>', 'where everything goes', 'out')
    .action(async ({ out }: { out: string }) => {
      const folder = join(out, 'pictures');
      await mkdir(folder, { recursive: true });
      for (const name of ['plate', 'plate_scratched']) {
        await writeAtomically(join(folder, `${name}.png`), encodePng(256, 256, drawPlate(256, name !== 'plate')));
      }
      process.stdout.write(
        `Two pictures drawn in ${folder}. The model is made up from a seed, so scores mean nothing yet:\nthis shows the whole path from picture to heatmap.\n\n`,
      );
      const args = [folder, '--class', 'plate', '--weights', 'synthetic:tiny', '--adapters', 'synthetic'];
      const predict = program.commands.find((c) => c.name() === 'predict')!;
      await predict.parseAsync([...args, '--img_size', '112', '--out', out, '--range', 'image'], { from: 'user' });
      process.stdout.write(
        `\nNext: aaclip predict your.jpg --class "metal nut" --weights ViT-L-14-336px.pt --adapters ckpt/baseline\n`,
      );
    });
}
