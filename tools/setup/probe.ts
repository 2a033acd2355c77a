/**
 * Opens a WebGPU device and prints one line of JSON with the result. Run as a child by adapter.ts: a driver that
 * crashes takes only this process with it.
 */
import process from 'node:process';
import type { Probe } from './adapter.js';

function answer(probe: Probe): void {
  process.stdout.write(`\n${JSON.stringify(probe)}\n`);
}

const firstLine = (error: unknown): string => String(error).split('\n')[0] ?? '';

async function probe(): Promise<void> {
  let binding: typeof import('webgpu');
  try {
    binding = await import('webgpu');
  } catch (error) {
    answer({ ok: false, stage: 'binding', why: firstLine(error) });
    return;
  }
  // Matrix units are listed only with this.
  const entry = binding.create(['enable-dawn-features=allow_unsafe_apis']);
  const adapter = await entry.requestAdapter();
  if (!adapter) {
    answer({ ok: false, stage: 'adapter', why: 'no driver was accepted' });
    return;
  }
  const { description, device: name } = adapter.info;
  const device = await adapter.requestDevice();
  const matrixUnits = ([...adapter.features] as string[]).includes('chromium-experimental-subgroup-matrix');
  answer({ ok: true, name: description || name, matrixUnits });
  device.destroy();
  // The binding's objects must stay referenced to the end: releasing them earlier crashes.
  process.exit(entry && adapter ? 0 : 1);
}

probe().catch((error: unknown) => {
  answer({ ok: false, stage: 'device', why: firstLine(error) });
  process.exit(1);
});
