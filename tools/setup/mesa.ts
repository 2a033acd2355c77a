/** Installs Mesa's software Vulkan driver with apt. */
import { type AptOptions, archiveOf, readSources, type Source, withApt } from './apt.js';

export const PACKAGES = ['mesa-vulkan-drivers', 'libvulkan1'];
/** Dawn refuses the llvmpipe of Mesa 22.3 (no dynamic indexing of buffer arrays); 24 is the oldest known to work. */
const OLDEST_MESA = 24;

/**
 * The source of the backports of this machine's release: the mirror of its main archive.
 * @param codename of the release
 * @returns the suite and its stanza, which is empty when the machine already has the suite
 */
export function backports(
  sources: readonly Source[],
  codename: string,
): { readonly suite: string; readonly stanza: string } | undefined {
  const suite = `${codename}-backports`;
  if (sources.some(({ types, suites }) => types.includes('deb') && suites.includes(suite)))
    return { suite, stanza: '' };
  const archive = archiveOf(sources, codename);
  if (!archive) return undefined;
  const lines = ['Types: deb', `URIs: ${archive.uris.join(' ')}`, `Suites: ${suite}`, 'Components: main'];
  if (archive.signedBy) lines.push(`Signed-By: ${archive.signedBy}`);
  if (archive.trusted) lines.push(`Trusted: ${archive.trusted}`);
  return { suite, stanza: `${lines.join('\n')}\n` };
}

/**
 * Installs the newest Mesa that the machine's sources offer, or Mesa from the release's backports where that is too old.
 * @param os fields of /etc/os-release
 * @returns a description of what was installed
 */
export function installMesa(options: AptOptions, os: ReadonlyMap<string, string>): string {
  const codename = os.get('VERSION_CODENAME');
  const extra = os.get('ID') === 'debian' && codename ? backports(readSources('/etc/apt'), codename) : undefined;
  return withApt(options, extra?.stanza ?? '', (apt) => {
    const [driver = ''] = PACKAGES;
    let target: string[] = [];
    let best = apt.offer(driver);
    if (extra && (best?.major ?? 0) < OLDEST_MESA) {
      target = ['-t', extra.suite];
      best = apt.offer(driver, target);
    }
    if (!best) throw apt.lacks(driver);
    if (best.major < OLDEST_MESA) {
      throw new Error(`apt: ${driver}: too old for WebGPU: expected ${OLDEST_MESA} or newer, got ${best.version}`);
    }
    return apt.install(PACKAGES, target) || `${driver} ${best.version}`;
  });
}
