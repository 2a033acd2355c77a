/** Runs once before all tests: without a WebGPU adapter they must fail, never be skipped. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureRuntimeFolder } from '../src/node/runtime_folder.js';
import { probeAdapter } from '../tools/setup/adapter.js';

/** @throws when this machine has no adapter, with the command that gets one. */
export function setup(): void {
  // Set here, inherited by the worker that runs the tests.
  ensureRuntimeFolder();
  // No test reads or fills the user's own cache.
  process.env.XDG_CACHE_HOME = mkdtempSync(join(tmpdir(), 'aaclip-cache-'));
  const found = probeAdapter();
  if (!found.ok) throw new Error(`webgpu: the tests need an adapter: ${found.why}: run: npm run setup`);
}
