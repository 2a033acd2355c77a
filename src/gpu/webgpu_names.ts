/**
 * The names of WebGPU's types that our declarations use, so that programs without those types compile. Where the types
 * are known (TypeScript's DOM types, @webgpu/types), these declarations merge with them and add nothing.
 */
declare global {
  interface GPU {}
  interface GPUAdapter {}
  interface GPUBindGroupLayout {}
  interface GPUBuffer {}
  interface GPUCommandEncoder {}
  interface GPUComputePassTimestampWrites {}
  interface GPUComputePipeline {}
  interface GPUDevice {}
  interface GPUSupportedLimits {}
}

export {};
