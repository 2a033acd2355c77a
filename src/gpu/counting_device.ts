/**
 * A device that counts instead of computing: it has an adapter's features and limits, but no memory and no kernels.
 *
 * A program that runs on it makes the same buffers, dispatches and errors of size as on the adapter, takes milliseconds,
 * and reads zeros. So the memory that a program needs is not estimated by a formula: the program itself says it.
 */
import { limitsOf } from './description.js';
import './platform_names.js';

const nothing = (): undefined => undefined;

function countingBuffer({ size, usage, label = '' }: GPUBufferDescriptor): object {
  return {
    label,
    size,
    usage,
    mapAsync: async () => undefined,
    getMappedRange: (from = 0, bytes = size - from) => new ArrayBuffer(bytes),
    unmap: nothing,
    destroy: nothing,
  };
}

function countingEncoder(): object {
  const pass = { setPipeline: nothing, setBindGroup: nothing, dispatchWorkgroups: nothing, end: nothing };
  return {
    beginComputePass: () => pass,
    copyBufferToBuffer: nothing,
    resolveQuerySet: nothing,
    finish: () => ({}),
  };
}

/**
 * Everything that the engine asks of a device; no error is ever reported, and the device is never lost.
 * @param like the device whose features and limits it has
 * @param limits in place of some of those
 */
export function countingDevice(like: GPUDevice, limits: Readonly<Record<string, number>>): GPUDevice {
  const device = {
    features: like.features,
    limits: { ...limitsOf(like.limits), ...limits },
    lost: new Promise(nothing),
    queue: { writeBuffer: nothing, submit: nothing, onSubmittedWorkDone: async () => undefined },
    addEventListener: nothing,
    removeEventListener: nothing,
    destroy: nothing,
    createBuffer: countingBuffer,
    createCommandEncoder: countingEncoder,
    createShaderModule: () => ({ getCompilationInfo: async () => ({ messages: [] }) }),
    createBindGroup: () => ({}),
    createBindGroupLayout: () => ({}),
    createPipelineLayout: () => ({}),
    createComputePipeline: () => ({}),
    createComputePipelineAsync: async () => ({}),
    createQuerySet: () => ({ destroy: nothing }),
  };
  return device as unknown as GPUDevice;
}
