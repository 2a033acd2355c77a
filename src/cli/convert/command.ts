/** `aaclip convert`: any readable file of tensors to safetensors. */
import type { Command } from 'commander';
import { convertTensors } from '../../io/convert_tensors.js';
import { writeSafetensors } from '../../io/safetensors_writer.js';
import { listNames } from '../../io/tensor_file.js';
import { writeAtomically } from '../../node/atomic_write.js';
import { openTensors } from '../../node/open_weights.js';
import { progress } from '../progress.js';
import { type ConvertFlags, convertOptions } from './flags.js';
import { printConverted } from './output.js';

export function convertCommand(program: Command): void {
  convertOptions(
    program
      .command('convert')
      .description(
        'Write weights or a checkpoint (.pt, .pth, .safetensors) as safetensors, tensor by tensor. No pickle is executed.',
      ),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip convert ViT-L-14-336px.pt ViT-L-14-336px.safetensors
  $ aaclip convert ViT-L-14-336px.pt half.safetensors --dtype f16`,
    )
    .action(runConvert);
}

async function runConvert(from: string, to: string, flags: ConvertFlags): Promise<void> {
  const file = await openTensors(from);
  // In a pickle these are arguments, numpy values and the like; seldom a tensor of a type that is not read.
  if (file.unread?.size)
    process.stderr.write(`note: ${from}: left out, as no tensors: ${listNames([...file.unread.keys()])}\n`);
  const total = [...file.tensors.values()].reduce((sum, t) => sum + t.byteLength, 0);
  const bar = progress('convert', total, flags.json ?? false);
  let done = 0;
  const tensors = convertTensors(file, flags.dtype, ({ name, byteLength }) => {
    done += byteLength;
    bar.update(done, name);
  });
  await writeAtomically(to, writeSafetensors(tensors, Object.fromEntries(file.metadata)));
  bar.finish();
  printConverted({ in: from, out: to, tensors }, flags.json ?? false);
}
