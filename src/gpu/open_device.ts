/** The device of an entry point's best adapter, with every feature and limit that kernels make use of. */
import { GpuError } from './health.js';

/** @throws GpuError when there is no adapter; the message says how to get one */
export async function openDevice(entry: GPU): Promise<{ adapter: GPUAdapter; device: GPUDevice }> {
  const adapter = await entry.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new GpuError(
      'webgpu: no adapter found: install a Vulkan driver (`npm run setup` does it where the system allows), or use a browser with WebGPU',
    );
  }
  const wanted: GPUFeatureName[] = ['timestamp-query', 'shader-f16', 'subgroups', 'subgroup-size-control'];
  const extra = ['chromium-experimental-subgroup-matrix'] as unknown as GPUFeatureName[];
  const { limits } = adapter;
  const device = await adapter.requestDevice({
    requiredFeatures: [...wanted, ...extra].filter((f) => adapter.features.has(f)),
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
