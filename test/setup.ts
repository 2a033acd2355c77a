/** Runs once before all tests: without a WebGPU adapter they must fail, never be skipped. */

type Probe = { readonly ok: true; readonly name: string } | { readonly ok: false; readonly why: string };
interface AdapterTool {
  ensureRuntimeDir(): void;
  probeAdapter(): Probe;
}

/** @throws when this machine has no adapter, with the command that gets one. */
export async function setup(): Promise<void> {
  const tool = (await import(new URL('../tools/adapter.mjs', import.meta.url).href)) as AdapterTool;
  // Set here, inherited by the worker that runs the tests.
  tool.ensureRuntimeDir();
  const found = tool.probeAdapter();
  if (!found.ok) throw new Error(`webgpu: the tests need an adapter: ${found.why}: run: npm run setup`);
}
