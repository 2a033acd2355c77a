/** `aaclip convert`: any readable checkpoint to safetensors. */
import { type Command, Option } from 'commander';
import { packF16, toF32 } from '../../io/dtype.js';
import { type TensorToWrite, writeSafetensors } from '../../io/safetensors_writer.js';
import { tensorInfo } from '../../io/tensor_file.js';
import { writeAtomically } from '../../node/atomic_write.js';
import { openTensors } from '../../node/open_weights.js';
import { progress } from '../progress.js';

interface ConvertFlags {
  readonly dtype: 'keep' | 'f32' | 'f16';
  readonly json?: boolean;
}

export function convertCommand(program: Command): void {
  program
    .command('convert')
    .description(
      'Write a checkpoint (.pt, .pth, .safetensors) as safetensors, tensor by tensor. No pickle is executed.',
    )
    .argument('<in>', "torch archive or safetensors file, for example OpenAI's ViT-L-14-336px.pt")
    .argument('<out>', 'file to write; it appears whole or not at all')
    .addOption(
      new Option('--dtype <kind>', 'floating-point matrices as stored, as f32 or as f16')
        .choices(['keep', 'f32', 'f16'])
        .default('keep'),
    )
    .option('--json', 'machine-readable output')
    .option('--debug', 'show where an error came from')
    .action(async (from: string, to: string, flags: ConvertFlags) => {
      const file = await openTensors(from);
      const infos = [...file.tensors.values()];
      const total = infos.reduce((sum, t) => sum + t.byteLength, 0);
      const bar = progress('convert', total, flags.json ?? false);
      let done = 0;
      const tensors = infos.map((info): TensorToWrite => {
        const floating = /^(?:F64|F32|F16|BF16)$/.test(info.dtype);
        const dtype = flags.dtype === 'keep' || !floating ? info.dtype : flags.dtype === 'f16' ? 'F16' : 'F32';
        return {
          ...tensorInfo(info.name, dtype, info.shape),
          bytes: async () => {
            const raw = await file.read(info.name);
            done += info.byteLength;
            bar.update(done, info.name);
            if (dtype === info.dtype) return raw.bytes;
            const values = toF32(raw.bytes, raw.dtype);
            const out = dtype === 'F16' ? packF16(values) : values;
            return new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
          },
        };
      });
      await writeAtomically(to, writeSafetensors(tensors, Object.fromEntries(file.metadata)));
      bar.finish();
      const bytes = tensors.reduce((sum, t) => sum + t.byteLength, 0);
      process.stdout.write(
        flags.json
          ? `${JSON.stringify({ in: from, out: to, tensors: tensors.length, bytes })}\n`
          : `${to}: ${tensors.length} tensors, ${(bytes / 2 ** 20).toFixed(1)} MiB\n`,
      );
    });
}
