/**
 * The names of WebGPU's types that our declarations use, so that programs compile whose compiler has none of them. Where it
 * has (TypeScript's DOM types, @webgpu/types), these merge with the real ones and add nothing.
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
}

export {};
