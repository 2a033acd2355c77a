/** Records scores in the adapters of a model that is there already: `node dist-tools/tiny/record_main.js [--model DIR]`. */
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { openGpu } from '#src/node/node';
import { ROOT } from '../child.js';
import { runCommand } from '../command.js';
import { recordTinyScores } from './record_scores.js';

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: join(ROOT, 'weights/tiny') },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write('usage: node dist-tools/tiny/record_main.js [--model DIR]\n');
    return;
  }
  using gpu = await openGpu();
  await recordTinyScores(gpu, values.model);
}, 'tiny: ');
