/** Files that define data sets. */
import { REGISTRY } from '#src/data/datasets';
import { extendRegistry, registryText } from '#src/data/registry_file';
import type { FuzzTarget } from '../target.js';

const FILE = 'registry.json';
const OWN = {
  normalStates: ['{}'],
  datasets: { Parts: { domain: 'Industrial', folder: 'parts', layout: 'folder', classes: { nut: 'steel nut' } } },
};

export const registry: FuzzTarget = {
  name: 'registry',
  file: FILE,
  async seeds() {
    const deep = `{"datasets":${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}}`;
    return [JSON.stringify(OWN), registryText(REGISTRY), deep].map((t) => new TextEncoder().encode(t));
  },
  run: async (input) => void extendRegistry(FILE, new TextDecoder().decode(input), REGISTRY),
};
