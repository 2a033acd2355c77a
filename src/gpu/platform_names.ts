/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The names that our declarations take from the platform, so that programs that lack some of them still compile: WebGPU's
 * types, those of the web that Node has too, and `Disposable`. Where they are known (TypeScript's DOM types, those of Node,
 * @webgpu/types), these declarations merge with them and add nothing.
 */
declare global {
  interface AbortSignal {}
  interface Blob {}
  interface GPU {}
  interface GPUAdapter {}
  interface GPUBindGroupLayout {}
  interface GPUBuffer {}
  interface GPUCommandEncoder {}
  interface GPUComputePassTimestampWrites {}
  interface GPUComputePipeline {}
  interface GPUDevice {}
  interface GPUSupportedLimits {}
  interface URL {}
}

export {};
