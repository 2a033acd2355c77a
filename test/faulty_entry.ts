/** Devices that fail on demand, as real ones do when memory runs out or a driver resets. */

/** What fails, at the n-th submit (`lost`, `refused`), buffer (`memory`, `throws`) or mapping (`unmapped`). */
export type Fault = 'lost' | 'refused' | 'memory' | 'throws' | 'unmapped';

/** An entry point whose devices fail once, at the n-th occasion. */
export function faultyEntry(entry: GPU, fault: Fault, n: number): GPU {
  const requestAdapter = async (options?: GPURequestAdapterOptions): Promise<GPUAdapter> => {
    const adapter = (await entry.requestAdapter(options))!;
    const { requestDevice } = adapter;
    adapter.requestDevice = async (descriptor) => spoil(await requestDevice.call(adapter, descriptor), fault, n);
    return adapter;
  };
  return { requestAdapter } as unknown as GPU;
}

function spoil(device: GPUDevice, fault: Fault, n: number): GPUDevice {
  const done: Record<Fault, number> = { lost: 0, refused: 0, memory: 0, throws: 0, unmapped: 0 };
  const due = (kind: Fault): boolean => kind === fault && ++done[kind] === n;
  const { queue } = device;
  const submit = queue.submit.bind(queue);
  const createBuffer = device.createBuffer.bind(device);
  queue.submit = (commands) => {
    submit(commands);
    if (due('lost')) device.destroy();
    if (due('refused')) {
      const buffer = createBuffer({ size: 4, usage: GPUBufferUsage.COPY_SRC });
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, 0, buffer, 0, 4);
      submit([encoder.finish()]);
    }
  };
  device.createBuffer = (descriptor) => {
    if (due('throws')) throw new RangeError('createBuffer failed');
    const size = due('memory') ? 2 ** 46 : descriptor.size;
    const buffer = createBuffer({ ...descriptor, size });
    const mapAsync = buffer.mapAsync.bind(buffer);
    buffer.mapAsync = (...range) =>
      due('unmapped') ? Promise.reject(new DOMException('', 'OperationError')) : mapAsync(...range);
    return buffer;
  };
  return device;
}
