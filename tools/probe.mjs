/**
 * Opens a WebGPU device and says in one line of JSON how that went. Run as a child by adapter.mjs: a driver that
 * crashes takes this process with it and no other.
 */
import process from 'node:process';

/** @param {Record<string, unknown>} answer */
function answer(answer) {
  process.stdout.write(`\n${JSON.stringify(answer)}\n`);
}

async function probe() {
  /** @type {typeof import('webgpu')} */
  let binding;
  try {
    binding = await import('webgpu');
  } catch (error) {
    answer({ ok: false, stage: 'binding', why: String(error).split('\n')[0] });
    return;
  }
  const entry = binding.create([]);
  const adapter = await entry.requestAdapter();
  if (!adapter) {
    answer({ ok: false, stage: 'adapter', why: 'no driver was accepted' });
    return;
  }
  const { description, device: name } = adapter.info;
  const device = await adapter.requestDevice();
  answer({ ok: true, name: description || name });
  device.destroy();
  // The binding's objects stay alive to the end; letting go of them earlier crashes.
  process.exit(entry && adapter ? 0 : 1);
}

probe().catch((error) => {
  answer({ ok: false, stage: 'device', why: String(error).split('\n')[0] });
  process.exit(1);
});
