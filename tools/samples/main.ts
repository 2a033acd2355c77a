/**
 * Writes web/samples/ready.safetensors, the anchors and words of the samples' classes for the packaged model:
 * `npm run sample-anchors`, to be run after a change to the model in weights/tiny, to prompts or to samples.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { openGpu } from '#src/node/node';
import { writeReady } from '#src/web/ready_classes';
import { ROOT } from '../child.js';
import { runCommand } from '../command.js';
import { SAMPLE_CLASSES } from './classes.js';
import { makeReady } from './make_ready.js';

await runCommand(async () => {
  using gpu = await openGpu();
  const ready = await makeReady(gpu, join(ROOT, 'weights/tiny'), SAMPLE_CLASSES);
  const file = await writeReady(ready);
  const target = join(ROOT, 'web/samples/ready.safetensors');
  writeFileSync(`${target}.tmp`, file);
  renameSync(`${target}.tmp`, target);
  const { anchors, words } = ready;
  process.stdout.write(`${target}: anchors of ${anchors.size} classes, ${words.size} words, ${file.length} bytes\n`);
});
