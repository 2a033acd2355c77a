/** Makes buffers: where the device's own functions throw, the error says what to do. */
import './platform_names.js';
import { lineOf, outOfMemory } from './health.js';

/** A buffer. @throws GpuError where the binding cannot make it; a device that merely lacks the memory reports that later */
export function newBuffer(device: GPUDevice, descriptor: GPUBufferDescriptor): GPUBuffer {
  try {
    return device.createBuffer(descriptor);
  } catch (error) {
    throw outOfMemory(`a buffer of ${descriptor.size} bytes: ${lineOf(error)}`);
  }
}

/**
 * A buffer to copy from that holds `data`.
 * @param size of the buffer in bytes: a multiple of 4, at least the data's
 * @throws GpuError as `newBuffer` does
 */
export function filledBuffer(device: GPUDevice, size: number, data: ArrayBufferView): GPUBuffer {
  const usage = GPUBufferUsage.COPY_SRC;
  const buffer = newBuffer(device, { label: 'upload', size, usage, mappedAtCreation: true });
  try {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    new Uint8Array(buffer.getMappedRange()).set(bytes);
    buffer.unmap();
    return buffer;
  } catch (error) {
    buffer.destroy();
    throw outOfMemory(`an upload of ${size} bytes: ${lineOf(error)}`);
  }
}

/** Bytes of a mappable buffer from its start, copied once the device is done with it; it is unmapped again. */
export async function mappedBytes(buffer: GPUBuffer, size: number): Promise<ArrayBuffer> {
  await buffer.mapAsync(GPUMapMode.READ, 0, size);
  // Copied before unmap: the mapped range dies with it.
  const bytes = buffer.getMappedRange(0, size).slice(0);
  buffer.unmap();
  return bytes;
}
