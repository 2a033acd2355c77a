/** A device that fails at any point: one line with cause and remedy, nothing on the program's own output, no wrong results. */
import { describe, expect, it } from 'vitest';
import { Gpu, GpuError } from '../../src/gpu/gpu.js';
import { Health } from '../../src/gpu/health.js';
import { nodeHost, openGpu } from '../../src/node/device.js';
import { add } from '../../src/ops/add.js';
import { read, tidy, upload } from '../../src/tensor/tensor.js';
import { type Fault, faultyEntry } from '../faulty_entry.js';

const MESSAGES: Record<Fault, RegExp> = {
  lost: /^webgpu: the device was lost \(destroyed: .+\): start again; if it recurs, use a smaller batch, .*newer driver/,
  refused:
    /^webgpu: the device refused a command: Source and destination .*: use other kernels, a newer driver or another/,
  memory: /^webgpu: out of device memory: .+: use a smaller batch, smaller pictures or precision f16$/,
  throws: /^webgpu: out of device memory: a buffer of \d+ bytes: createBuffer failed: use a smaller batch/,
  unmapped: /^webgpu: reading (?:results|times) failed: OperationError: start again; if it recurs, use a newer driver/,
};

/** Uploads, computes, reads, waits, and times. */
async function work(gpu: Gpu): Promise<void> {
  const x = upload(gpu, Float32Array.of(1, 2, 3, 4), [4]);
  await gpu.compileAhead(() => tidy(() => void add(x, x)));
  for (let i = 0; i < 2; i++) {
    const y = add(x, x);
    expect([...(await read(y))]).toEqual([2, 4, 6, 8]);
    y.release();
    await gpu.idle();
  }
  if (gpu.profile.available) await gpu.profile.run(() => tidy(() => void add(x, x)));
  gpu.trim();
  await gpu.idle();
}

describe('a device that fails', () => {
  it.each(Object.keys(MESSAGES) as Fault[])('(%s) says why and what to do, whenever it happens', async (fault) => {
    const host = await nodeHost();
    let failures = 0;
    for (let n = 1; n < 40; n++) {
      const outcome = await Gpu.open({ ...host, entry: faultyEntry(host.entry, fault, n) }).then(
        async (gpu) => {
          const error: unknown = await work(gpu).catch((e: unknown) => e);
          // A fault after the last result is noticed at the next use, or was of no consequence.
          const later: unknown = error ?? (await gpu.idle().catch((e: unknown) => e));
          // Called on the way out: an error here would hide the one that matters.
          gpu.trim();
          gpu[Symbol.dispose]();
          return later;
        },
        (error: unknown) => error,
      );
      if (outcome === undefined) break;
      failures++;
      expect(outcome).toBeInstanceOf(GpuError);
      expect((outcome as GpuError).message).toMatch(MESSAGES[fault]);
    }
    expect(failures).toBeGreaterThan(2);
    expect(failures).toBeLessThan(39);
  });

  it('is believed about the reason, which comes after what failed because of it', async () => {
    const lost = new Promise((tell) => setTimeout(() => tell({ reason: 'unknown', message: 'reset.\nat depth' }), 20));
    const health = new Health(
      Object.assign(new EventTarget(), { lost }) as unknown as GPUDevice,
      async () => undefined,
    );
    const reading = health.watch('reading results', Promise.reject(new DOMException('', 'AbortError')));
    await expect(reading).rejects.toThrow(/^webgpu: the device was lost \(unknown: reset\): start again/);
    expect(health.ok).toBe(false);
  });

  it('is out of memory only where it says so: a kernel may ask for too much of another kind', async () => {
    class GPUInternalError {
      readonly message: string;
      constructor(message: string) {
        this.message = message;
      }
    }
    const messageFor = async (said: string): Promise<string> => {
      const device = Object.assign(new EventTarget(), { lost: new Promise(() => undefined) });
      const health = new Health(device as unknown as GPUDevice, async () => undefined);
      device.dispatchEvent(Object.assign(new Event('uncapturederror'), { error: new GPUInternalError(said) }));
      return health.checkFully().then(
        () => '',
        (error: Error) => error.message,
      );
    };
    expect(await messageFor('vkAllocateMemory failed with VK_ERROR_OUT_OF_DEVICE_MEMORY\nat depth')).toMatch(
      /^webgpu: out of device memory: vkAllocateMemory .*: use a smaller batch/,
    );
    expect(await messageFor('Workgroup memory is over the limit.')).toBe(
      'webgpu: the driver failed: Workgroup memory is over the limit: use a newer driver or another adapter',
    );
  });

  it('marks errors of the device as handled: the binding prints others among the program’s output', async () => {
    const host = await nodeHost();
    let handled: boolean | undefined;
    const entry = {
      async requestAdapter() {
        const adapter = (await host.entry.requestAdapter())!;
        const { requestDevice } = adapter;
        adapter.requestDevice = async (descriptor) => {
          const device = await requestDevice.call(adapter, descriptor);
          const listen = device.addEventListener.bind(device);
          device.addEventListener = ((kind: 'uncapturederror', listener: (event: Event) => void) =>
            listen(kind, (event) => {
              listener(event);
              handled = event.defaultPrevented;
            })) as typeof device.addEventListener;
          return device;
        };
        return adapter;
      },
    } as unknown as GPU;
    using gpu = await Gpu.open({ ...host, entry: faultyEntry(entry, 'refused', 1) });
    await expect(work(gpu)).rejects.toThrow(GpuError);
    expect(handled).toBe(true);
  });
});

describe('opening', () => {
  it('names the adapter that is not there, and what an adapter that gives no device said', async () => {
    await expect(openGpu({ adapter: 'no such' })).rejects.toThrow(
      /^webgpu: adapter "no such": no adapter here .*leave it/,
    );
    const host = await nodeHost();
    const adapter = (await host.entry.requestAdapter())!;
    adapter.requestDevice = () => Promise.reject(new DOMException('too busy\nat depth', 'OperationError'));
    const entry = { requestAdapter: async () => adapter } as unknown as GPU;
    await expect(Gpu.open({ ...host, entry })).rejects.toThrow(
      /^webgpu: .+ gives no device: too busy: use a newer driver or another adapter, or close programs that use it$/,
    );
  });
});
