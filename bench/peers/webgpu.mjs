/** WebGPU for libraries that expect a browser, and a way of waiting that takes no core from a software adapter. */
import { readFileSync } from 'node:fs';
import { create, globals } from 'webgpu';
import { TOGGLES } from '../../dist/node/device.js';

/** Dawn's entry point must stay referenced, or the process crashes. */
let entry;

/** Puts `navigator.gpu` and WebGPU's classes where browsers have them, with the settings that aaclip gives itself. @param adapter part of its name */
export function installWebGpu(adapter) {
  Object.assign(globalThis, globals);
  entry = create(adapter ? [...TOGGLES, `adapter=${adapter}`] : [...TOGGLES]);
  const navigator = { userAgent: 'node', gpu: entry, hardwareConcurrency: 2 };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true, writable: true });
  // The binding does not read views of shared memory, which WebAssembly with threads hands over.
  const write = GPUQueue.prototype.writeBuffer;
  GPUQueue.prototype.writeBuffer = function (buffer, offset, data, from, size) {
    const view = ArrayBuffer.isView(data) ? data : new Uint8Array(data);
    if (!(view.buffer instanceof SharedArrayBuffer)) return write.call(this, buffer, offset, data, from, size);
    const unit = ArrayBuffer.isView(data) ? (data.BYTES_PER_ELEMENT ?? 1) : 1;
    const first = view.byteOffset + (from ?? 0) * unit;
    const bytes = size === undefined ? view.byteLength - (from ?? 0) * unit : size * unit;
    return write.call(this, buffer, offset, new Uint8Array(view.buffer, first, bytes).slice());
  };
}

const cell = new Int32Array(new SharedArrayBuffer(4));

/** Awaits work of the device. The binding polls on every turn of the event loop, so each turn sleeps 2 ms. */
export async function sparingly(promise) {
  let done = false;
  const settled = promise.finally(() => {
    done = true;
  });
  settled.catch(() => undefined);
  while (!done) {
    await new Promise((next) => setImmediate(next));
    if (!done) Atomics.wait(cell, 0, 0, 2);
  }
  return settled;
}

/** The version of an installed package. */
export function versionOf(name) {
  return JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), 'utf8')).version;
}
