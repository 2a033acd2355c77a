/** What `info` prints. */
import type { InferenceMemory } from '../../detect/inference_memory.js';
import type { MethodSettings } from '../../detect/method_settings.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { Traits } from '../../gpu/traits.js';
import type { ClipConfig } from '../../model/config.js';

export interface ModelReport {
  readonly name: string;
  readonly config: ClipConfig;
  /** The method of the adapters and how it uses the weights; plain CLIP without adapters. */
  readonly method: MethodSettings & { readonly about: string };
  /** Buffers on the device, in bytes: with one picture at a time, and for a further one where the adapter takes two. */
  readonly memory?: InferenceMemory & { readonly perPicture?: number };
  /** Why the adapter cannot score a picture of that size, in place of the memory. */
  readonly refused?: string;
  /** For one picture. */
  readonly flops: number;
}

export interface MachineReport {
  readonly adapter: Gpu['description'];
  readonly kernels: {
    /** For each op with several kernels: the chosen kernel, and all that run on this adapter, best first. */
    readonly chosen: Readonly<Record<string, string>>;
    readonly available: Readonly<Record<string, readonly string[]>>;
    readonly subgroupSize: number;
    readonly matrixShapes: Traits['matrixShapes'];
  };
  readonly jpeg: string;
  readonly model?: ModelReport;
}

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
const kib = (bytes: number): string => `${bytes / 1024} KiB`;

function needs({ peak, weights, perPicture }: NonNullable<ModelReport['memory']>, imageSize: number): string {
  const more = perPicture === undefined ? 'no more at a time' : `${mib(perPicture)} for each further picture`;
  return `${mib(peak)} of buffers for one picture of ${imageSize} px at a time, of which weights ${mib(weights)}; ${more}`;
}

/** Products of f16 matrices with f32 sums: the ones that kernels use. */
function unitsText(shapes: Traits['matrixShapes']): string {
  const used = shapes.filter((s) => s.componentType === 'f16' && s.resultComponentType === 'f32');
  return used.length === 0 ? '' : `, matrix units ${used.map(({ m, n, k }) => `${m}x${n}x${k}`).join(' ')}`;
}

function modelLines({ name, config, method, memory, refused, flops }: ModelReport, imageSize: number): string[] {
  return [
    `model      ${name}: vision ${config.visionWidth} x ${config.visionLayers}, text ${config.textWidth} x ${config.textLayers}, patch ${config.patch}, levels ${config.levels.join(' ')}`,
    `method     ${method.about}`,
    `memory     ${memory ? needs(memory, imageSize) : refused}`,
    `work       ${(flops / 1e9).toFixed(0)} GFLOP per picture`,
  ];
}

interface InfoView {
  readonly json?: boolean;
  readonly img_size: number;
  /** Whether the adapter's shaders may use f16. */
  readonly f16: boolean;
}

export function printInfo(report: MachineReport, { json, img_size: imageSize, f16 }: InfoView): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(report, null, 1)}\n`);
    return;
  }
  const { adapter, kernels, jpeg, model } = report;
  const { limits } = adapter;
  const lines = [
    `adapter    ${adapter.description || adapter.device} (${adapter.vendor} ${adapter.architecture})`,
    'kernels    for each op, the chosen kernel first:',
    ...Object.entries(kernels.available).map(([op, names]) => `           ${op}: ${names.join(', ')}`),
    `subgroups  ${kernels.subgroupSize || 'not used'}${f16 ? ', f16' : ''}${unitsText(kernels.matrixShapes)}`,
    `limits     ${mib(limits.maxStorageBufferBindingSize ?? 0)} per binding, ${mib(limits.maxBufferSize ?? 0)} per buffer, ${kib(limits.maxComputeWorkgroupStorageSize ?? 0)} of workgroup memory`,
    `features   ${adapter.features.join(' ')}`,
    `JPEG       ${jpeg}`,
    ...(model ? modelLines(model, imageSize) : []),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
