/** The tensors of a file in another number format. */
import { type Dtype, packF16, toF32 } from './dtype.js';
import type { TensorToWrite } from './safetensors_writer.js';
import { type TensorFile, type TensorInfo, tensorInfo } from './tensor_file.js';

/** `keep` leaves every tensor as it is stored; the others convert floating-point tensors. */
export type TargetFormat = 'keep' | 'f32' | 'f16';

function targetOf({ dtype }: TensorInfo, format: TargetFormat): Dtype {
  if (format === 'keep' || !/^(?:F64|F32|F16|BF16)$/.test(dtype)) return dtype;
  return format === 'f16' ? 'F16' : 'F32';
}

/**
 * All tensors of a file, to be written in the format; each is read and converted when it is written.
 * @param onRead called when a tensor has been read
 */
export function convertTensors(
  file: TensorFile,
  format: TargetFormat,
  onRead: (info: TensorInfo) => void = () => undefined,
): TensorToWrite[] {
  return [...file.tensors.values()].map((info): TensorToWrite => {
    const dtype = targetOf(info, format);
    return {
      ...tensorInfo(info.name, dtype, info.shape),
      bytes: async () => {
        const raw = await file.read(info.name);
        onRead(info);
        if (dtype === info.dtype) return raw.bytes;
        const values = toF32(raw.bytes, raw.dtype);
        const out = dtype === 'F16' ? packF16(values) : values;
        return new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
      },
    };
  });
}
