/** Asks the browser or the binding for an adapter, and for a device on it with everything the kernels can use. */
import './platform_names.js';
import { GpuError, lineOf, OTHER_DRIVER } from './health.js';

/** Features that are used where an adapter has them. */
const WANTED = [
  'timestamp-query',
  'shader-f16',
  'subgroups',
  'subgroup-size-control',
  'chromium-experimental-subgroup-matrix',
] as readonly string[] as readonly GPUFeatureName[];

/** How a host finds adapters. */
interface Adapters {
  readonly entry: GPU;
  /** The part of an adapter's name that the entry point was made with. */
  readonly adapter?: string | undefined;
  /** What to do where there is no adapter. */
  readonly noAdapter?: string | undefined;
}

const INSTALL =
  'install a Vulkan driver (`npm run setup` does it where the system allows), or use a browser with WebGPU';

async function findAdapter({ entry, adapter: name, noAdapter = INSTALL }: Adapters): Promise<GPUAdapter> {
  const adapter = await entry.requestAdapter({ powerPreference: 'high-performance' }).catch((error: unknown) => error);
  if (adapter && !(adapter instanceof Error)) return adapter as GPUAdapter;
  if (name !== undefined) {
    throw new GpuError(
      `webgpu: adapter "${name}": no adapter here has that in its name: leave it out to use the default one, which aaclip info shows`,
    );
  }
  throw new GpuError(`webgpu: no adapter found${adapter ? ` (${lineOf(adapter)})` : ''}: ${noAdapter}`);
}

/**
 * Opens the best adapter the entry point offers.
 * @throws GpuError when there is no adapter or it gives no device; the message says what to do.
 */
export async function openDevice(
  host: Adapters,
): Promise<{ readonly adapter: GPUAdapter; readonly device: GPUDevice }> {
  const adapter = await findAdapter(host);
  const { limits } = adapter;
  const opening = adapter.requestDevice({
    requiredFeatures: WANTED.filter((f) => adapter.features.has(f)),
    requiredLimits: {
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxBufferSize: limits.maxBufferSize,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
    },
  });
  const device = await opening.catch((error: unknown) => {
    throw new GpuError(
      `webgpu: ${adapter.info.description || adapter.info.device || 'the adapter'} gives no device: ${lineOf(error)}: ${OTHER_DRIVER}, or close programs that use it`,
    );
  });
  return { adapter, device };
}
