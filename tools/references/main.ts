/** `npm run references`: what reference pictures are worth, on drawn pictures with the small model. */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { tableLines } from '#src/eval/text_table';
import { loadDetector } from '#src/node/node_library';
import { withQuietNativeCode } from '#src/node/quiet';
import { runCommand, wholeNumber } from '../command.js';
import { CLASSES, findClass, SETUPS, type Setup } from '../pictures/index.js';
import { classNames } from '../pictures/plan.js';
import { halves } from '../tiny/halves.js';
import { SIZE } from '../tiny/held_out.js';
import { type ClassAreas, measureClasses, type TableRow, tableRows } from './measure.js';

const USAGE = `usage: npm run references -- [options]

Draws pictures of the classes that the small model's adapters were not trained on, calibrates each class with good pictures, and
tells good from faulty test pictures in three ways: zero-shot (the published map and score), references alone (distances to the
nearest patches of the good pictures), and both, as \`aaclip calibrate\` combines them by default. Prints pixel and image AUROC: the mean
of the classes, and between the seeds the sample deviation of that mean.

  --seeds a,b,c      seeds of the pictures (default 5001,5002,5003)
  --setup bench,any  how pictures are taken, as in npm run pictures (default bench,any)
  --classes a,b      classes (default: all that the adapters were not trained on)
  --references N     good pictures to calibrate with, at least 3 (default 8)
  --good N           good test pictures of each class (default 12)
  --faulty N         faulty test pictures of each class (default 12)
  --json             print all figures, also those of each class, as JSON
`;

function setupOf(word: string): Setup {
  const setup = SETUPS.find((name) => name === word);
  if (!setup) throw new Error(`--setup: unknown: expected some of ${SETUPS.join(', ')}, got "${word}"`);
  return setup;
}

/** Lines of a table for the reader; a single seed has no deviation. */
function shown(rows: readonly TableRow[], seeds: number): string {
  const spread = ({ mean, deviation }: TableRow['pixel']): string =>
    seeds > 1 ? `${mean.toFixed(1)} ± ${deviation.toFixed(1)}` : mean.toFixed(1);
  const cells = rows.map(({ setup, way, pixel, image }) => [setup, way, spread(pixel), spread(image)]);
  return tableLines(['setup', 'way', 'pixel AUROC', 'image AUROC'], cells, ['left', 'left', 'right']).join('\n');
}

/** What a seed gave, while the others are measured: pixel and image AUROC of each way. */
function seedLine(setup: Setup, seed: number, classes: readonly ClassAreas[]): string {
  const parts = tableRows(setup, [classes]).map((row) => {
    return `${row.way} ${row.pixel.mean.toFixed(1)} / ${row.image.mean.toFixed(1)}`;
  });
  return `${setup}, seed ${seed}: ${parts.join(', ')}`.padEnd(60);
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      seeds: { type: 'string', default: '5001,5002,5003' },
      setup: { type: 'string', default: 'bench,any' },
      classes: { type: 'string', default: halves(CLASSES).heldOut.join() },
      references: { type: 'string', default: '8' },
      good: { type: 'string', default: '12' },
      faulty: { type: 'string', default: '12' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const seeds = [...new Set(values.seeds.split(',').map((text) => wholeNumber('seeds', text, 0)))];
  const setups = [...new Set(values.setup.split(',').map(setupOf))];
  const classes = classNames(values.classes);
  const counts = {
    references: wholeNumber('references', values.references, 3),
    good: wholeNumber('good', values.good, 1),
    faulty: wholeNumber('faulty', values.faulty, 1),
  };
  const named = classes.map((name) => ({ name, words: findClass(name).words }));
  using detector = await withQuietNativeCode(() =>
    loadDetector({ weights: 'tiny', adapters: 'tiny', imageSize: SIZE, classes: named }),
  );
  const rows: TableRow[] = [];
  const measured: { setup: Setup; seed: number; classes: ClassAreas[] }[] = [];
  const started = performance.now();
  for (const setup of setups) {
    for (const seed of seeds) {
      const own = await measureClasses(detector, { classes, setup, seed, ...counts }, (done) => {
        const all = seeds.length * setups.length * classes.length;
        const seconds = ((performance.now() - started) / 1000).toFixed(0);
        const place = `${measured.length * classes.length + done} of ${all} classes, ${seconds} s`;
        if (process.stderr.isTTY) process.stderr.write(`\r${place} (${setup}, seed ${seed})   `);
      });
      measured.push({ setup, seed, classes: own });
      process.stderr.write(`${process.stderr.isTTY ? '\r' : ''}${seedLine(setup, seed, own)}\n`);
    }
    const before = measured.filter((m) => m.setup === setup).map((m) => m.classes);
    rows.push(...tableRows(setup, before));
  }
  const text = values.json ? JSON.stringify({ ...counts, rows, measured }, null, 1) : shown(rows, seeds.length);
  process.stdout.write(`${text}\n`);
}

await runCommand(() => main(process.argv.slice(2)));
