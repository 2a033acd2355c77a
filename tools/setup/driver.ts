/** A WebGPU adapter for this machine: its own, or a software Vulkan driver where one can be installed. */
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { step } from '../bootstrap.mjs';
import { probeAdapter } from './adapter.js';
import { provideMatrixDriver } from './matrix_driver.js';
import { installMesa, PACKAGES } from './mesa.js';
import { onPath, release, type SetupOptions, sudoWords } from './system.js';

const SETUP = fileURLToPath(new URL('../../tools/setup.mjs', import.meta.url));

/** The commands that install llvmpipe's Vulkan driver and the loader where apt is not the package manager. */
const COMMANDS: readonly (readonly [manager: string, command: string])[] = [
  ['dnf', 'dnf install -y mesa-vulkan-drivers vulkan-loader'],
  ['pacman', 'pacman -S --needed vulkan-swrast vulkan-icd-loader'],
  ['zypper', 'zypper install -y libvulkan_lvp libvulkan1'],
  ['apk', 'apk add mesa-vulkan-swrast vulkan-loader'],
];

/**
 * The command a person would type to get a driver.
 * @param os fields of /etc/os-release
 * @param has whether a program is on the path
 */
export function remedy(os: ReadonlyMap<string, string>, has: (command: string) => boolean): string {
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  if (has('apt-get')) {
    // Debian 12 and older need the backports of their release, which the set-up can reach by itself.
    if (os.get('ID') === 'debian' && Number(os.get('VERSION_ID')) < 13) {
      return `${sudo}${process.execPath} ${SETUP} --driver`;
    }
    return `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${PACKAGES.join(' ')}`;
  }
  const other = COMMANDS.find(([manager]) => has(manager));
  if (other) return `${sudo}${other[1]}`;
  return "install Mesa's Vulkan driver (lavapipe, Mesa 24 or newer) and the Vulkan loader";
}

/**
 * Makes sure that there is an adapter.
 * @returns the adapter's name
 * @throws when there is no adapter and no driver could be installed, with the command that helps
 */
export function provideAdapter({ simulate, mayInstall }: SetupOptions): string {
  const found = probeAdapter();
  if (found.ok) return found.name;
  const problem = `webgpu: no adapter: ${found.why}`;
  if (found.stage === 'binding') {
    throw new Error(`webgpu: no build for this system (${process.platform}-${process.arch}): ${found.why}`);
  }
  if (process.platform !== 'linux') {
    throw new Error(`${problem}: WebGPU comes with this system: update it and its graphics driver`);
  }
  const os = release();
  const command = remedy(os, onPath);
  if (!onPath('apt-get')) throw new Error(`${problem}: run: ${command}`);
  if (!mayInstall) throw new Error(`${problem}: installing was declined: run: ${command}`);
  const sudo = sudoWords(simulate);
  if (!sudo) throw new Error(`${problem}: run: ${command}`);

  const done = step(
    `no WebGPU adapter: ${simulate ? 'asking apt-get about' : 'installing'} a software Vulkan driver`,
    () => installMesa({ sudo, simulate }, os),
  );
  if (simulate) {
    process.stdout.write(`${done}\n`);
    throw new Error(`${problem}: simulated only`);
  }
  const now = probeAdapter();
  if (!now.ok) throw new Error(`webgpu: no adapter even with ${done}: ${now.why}`);
  return now.name;
}

/**
 * Makes sure that Node can be run on an adapter with matrix units, if only a software driver beside the system's.
 * @returns the adapter and how to use it
 */
export const provideMatrixUnits = (simulate: boolean): string => provideMatrixDriver(release(), simulate);
