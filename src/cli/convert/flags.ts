/** The flags of `convert`. */
import { type Command, Option } from 'commander';
import type { TargetFormat } from '../../io/convert_tensors.js';
import { type OutputFlags, outputOptions } from '../options.js';

export interface ConvertFlags extends OutputFlags {
  readonly dtype: TargetFormat;
}

export function convertOptions(command: Command): Command {
  return outputOptions(
    command
      .argument('<in>', "torch archive or safetensors file, for example OpenAI's ViT-L-14-336px.pt")
      .argument('<out>', 'file to write; it appears whole or not at all')
      .addOption(
        new Option('--dtype <kind>', 'keep floating-point tensors as stored, or convert them to f32 or f16')
          .choices(['keep', 'f32', 'f16'])
          .default('keep'),
      ),
  );
}
