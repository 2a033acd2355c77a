/** The adapters of this machine by name. */
import { nodeHost } from './device.js';

/** A name that no adapter has. */
const NONE = 'no adapter is called this';

/**
 * The names in what the binding says of a name that no adapter has: it has no call that lists adapters. An adapter that several
 * drivers offer is there once; of two cards with one name, too, since only a name chooses between them.
 */
export function namesInRefusal(text: string): string[] {
  return [...new Set([...text.matchAll(/^ *\* backend: '[^']*', name: '(.*)'\s*$/gm)].map(([, name]) => name!))];
}

/** @throws GpuError where the binding does not run on this system */
export async function adapterNames(): Promise<string[]> {
  const { entry } = await nodeHost({ adapter: NONE });
  const said = await entry.requestAdapter().catch((error: unknown) => error);
  return said instanceof Error ? namesInRefusal(said.message) : [];
}
