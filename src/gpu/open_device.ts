/** Asks the browser or the binding for an adapter, and for a device on it with everything the kernels can use. */
import './webgpu_names.js';
import { GpuError } from './health.js';

/** Features that are used where an adapter has them. */
const WANTED = [
  'timestamp-query',
  'shader-f16',
  'subgroups',
  'subgroup-size-control',
  'chromium-experimental-subgroup-matrix',
] as readonly string[] as readonly GPUFeatureName[];

/**
 * Opens the best adapter the entry point offers.
 * @throws GpuError when there is no adapter; the message says how to get one.
 */
export async function openDevice(entry: GPU): Promise<{ readonly adapter: GPUAdapter; readonly device: GPUDevice }> {
  const adapter = await entry.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new GpuError(
      'webgpu: no adapter found: install a Vulkan driver (`npm run setup` does it where the system allows), or use a browser with WebGPU',
    );
  }
  const { limits } = adapter;
  const device = await adapter.requestDevice({
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
  return { adapter, device };
}
