/** What `registry` prints. */
import type { Registry } from '../../data/datasets.js';
import { registryText } from '../../data/registry_file.js';

export function printRegistry(registry: Registry): void {
  process.stdout.write(registryText(registry));
}
