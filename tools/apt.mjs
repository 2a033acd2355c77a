/** Installing the software Vulkan driver with apt, without a trace in the machine's own apt configuration. */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { must, run } from './progress.mjs';

export const PACKAGES = ['mesa-vulkan-drivers', 'libvulkan1'];
/** Dawn refuses the llvmpipe of Mesa 22.3 (no dynamic indexing of buffer arrays); 24 is the oldest known to work. */
export const OLDEST_MESA = 24;

/**
 * @typedef {object} Source one entry of apt's source lists
 * @property {string[]} types
 * @property {string[]} uris
 * @property {string[]} suites
 * @property {string[]} components
 * @property {string | undefined} signedBy path, or the key itself as indented lines
 * @property {string | undefined} trusted
 */

/**
 * Reads the one-line form: `deb [signed-by=/x.gpg] URI SUITE COMPONENT...`.
 * @param {string} text
 * @returns {Source[]}
 */
export function parseList(text) {
  const found = [];
  for (const line of text.split('\n')) {
    const m = /^\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)([^#]*)/.exec(line);
    if (!m) continue;
    const options = new Map((m[2] ?? '').split(/\s+/).map((o) => /** @type {[string, string]} */ (o.split(/\+?=/, 2))));
    found.push({
      types: [m[1] ?? ''],
      uris: [m[3] ?? ''],
      suites: [m[4] ?? ''],
      components: (m[5] ?? '').split(/\s+/).filter(Boolean),
      signedBy: options.get('signed-by'),
      trusted: options.get('trusted'),
    });
  }
  return found;
}

/**
 * Reads the deb822 form: stanzas of `Field: value`, continued by indented lines.
 * @param {string} text
 * @returns {Source[]}
 */
export function parseSources(text) {
  const found = [];
  const bare = text.split('\n').filter((line) => !line.startsWith('#'));
  for (const stanza of bare.join('\n').split(/\n\s*\n/)) {
    /** @type {Map<string, string>} */
    const fields = new Map();
    for (const m of stanza.matchAll(/^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t]+.*)*)/gm)) {
      fields.set((m[1] ?? '').toLowerCase(), (m[2] ?? '').trimEnd());
    }
    /** @param {string} name */
    const words = (name) => (fields.get(name) ?? '').split(/\s+/).filter(Boolean);
    if (!fields.has('uris') || /^(no|false|0|off|disable)$/i.test(fields.get('enabled') ?? '')) continue;
    found.push({
      types: words('types'),
      uris: words('uris'),
      suites: words('suites'),
      components: words('components'),
      signedBy: fields.get('signed-by'),
      trusted: fields.get('trusted'),
    });
  }
  return found;
}

/**
 * Every enabled source of the machine.
 * @param {string} etc apt's configuration folder
 * @returns {Source[]}
 */
export function readSources(etc) {
  const parts = join(etc, 'sources.list.d');
  const names = existsSync(parts) ? readdirSync(parts).sort() : [];
  const files = [join(etc, 'sources.list'), ...names.map((name) => join(parts, name))];
  return files.flatMap((file) => {
    if (!existsSync(file)) return [];
    if (file.endsWith('.list')) return parseList(readFileSync(file, 'utf8'));
    return file.endsWith('.sources') ? parseSources(readFileSync(file, 'utf8')) : [];
  });
}

/**
 * Where this machine would get the backports of its release: from the mirror it has its main archive from.
 * @param {readonly Source[]} sources
 * @param {string} codename of the release
 * @returns {{ suite: string, stanza: string } | undefined} the stanza is empty when the machine has the suite already
 */
export function backports(sources, codename) {
  const suite = `${codename}-backports`;
  const binary = sources.filter((source) => source.types.includes('deb'));
  if (binary.some((source) => source.suites.includes(suite))) return { suite, stanza: '' };
  const archive = binary.find((source) => source.suites.includes(codename) && source.components.includes('main'));
  const uris = archive?.uris.filter((uri) => !uri.startsWith('cdrom:')) ?? [];
  if (!archive || uris.length === 0) return undefined;
  const lines = ['Types: deb', `URIs: ${uris.join(' ')}`, `Suites: ${suite}`, 'Components: main'];
  if (archive.signedBy) lines.push(`Signed-By: ${archive.signedBy}`);
  if (archive.trusted) lines.push(`Trusted: ${archive.trusted}`);
  return { suite, stanza: `${lines.join('\n')}\n` };
}

/**
 * The major version in what `apt-cache policy` prints, undefined when there is no candidate.
 * @param {string} policy
 * @returns {{ version: string, major: number } | undefined}
 */
export function candidate(policy) {
  const m = /Candidate: ((?:\d+:)?(\d+)\.\S+)/.exec(policy);
  return m ? { version: m[1] ?? '', major: Number(m[2]) } : undefined;
}

/**
 * Installs the newest Mesa the machine's sources offer, or its release's backports where that is too old.
 *
 * apt works on a temporary folder: a copy of the sources with the backports added, its own lists and its own cache.
 * @param {object} options
 * @param {readonly string[]} options.sudo words before each command that changes the system
 * @param {boolean} options.simulate only asks apt what it would do
 * @param {string} options.id distribution, as /etc/os-release names it
 * @param {string | undefined} options.codename of its release
 * @returns {string} what was done
 */
export function installWithApt({ sudo, simulate, id, codename }) {
  const folder = mkdtempSync(join(tmpdir(), 'aaclip-apt-'));
  // apt downloads as a user of its own, who has to get in.
  chmodSync(folder, 0o755);
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  try {
    const extra = id === 'debian' && codename ? backports(readSources('/etc/apt'), codename) : undefined;
    const options = layOut(folder, extra?.stanza ?? '');
    /** @param {string[]} words */
    const asRoot = (...words) => [...sudo, 'env', 'LC_ALL=C', 'DEBIAN_FRONTEND=noninteractive', ...words];
    const [first = '', ...update] = asRoot('apt-get', ...options, '-q', 'update');
    // One broken third-party source fails the whole update, and matters only if the driver is then not found.
    const updated = run(first, update, { env });
    /** @param {string[]} target */
    const offer = (...target) =>
      candidate(run('apt-cache', [...options, ...target, 'policy', 'mesa-vulkan-drivers'], { env }).out);
    let target = /** @type {string[]} */ ([]);
    let best = offer();
    if (extra && (best?.major ?? 0) < OLDEST_MESA) {
      target = ['-t', extra.suite];
      best = offer(...target);
    }
    if (!best) {
      const tail = updated.code === 0 ? '' : `${updated.out.trim().split('\n').slice(-6).join('\n')}\n`;
      throw new Error(`${tail}apt: mesa-vulkan-drivers: no source of this machine has it`);
    }
    if (best.major < OLDEST_MESA) {
      throw new Error(
        `apt: mesa-vulkan-drivers: too old for WebGPU: expected ${OLDEST_MESA} or newer, got ${best.version}`,
      );
    }
    const words = ['apt-get', ...options, '-o', 'DPkg::Lock::Timeout=300', '-q', '-y', '--no-install-recommends'];
    const [command = '', ...args] = asRoot(...words, ...(simulate ? ['-s'] : []), ...target, 'install', ...PACKAGES);
    const out = must('apt-get install', command, args, { env });
    if (!simulate) return `mesa-vulkan-drivers ${best.version}`;
    const steps = out.split('\n').filter((line) => /^(Inst|Remv|\d+ upgraded)/.test(line));
    return [`${command} ${args.join(' ')}`, ...steps].join('\n');
  } finally {
    if (sudo.length > 0) run(sudo[0] ?? '', [...sudo.slice(1), 'rm', '-rf', folder]);
    else rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Fills the temporary folder and says the options that make apt use it.
 * @param {string} folder
 * @param {string} stanza
 * @returns {string[]}
 */
function layOut(folder, stanza) {
  const list = join(folder, 'sources.list');
  const parts = join(folder, 'sources.list.d');
  if (existsSync('/etc/apt/sources.list')) cpSync('/etc/apt/sources.list', list, { dereference: true });
  else writeFileSync(list, '');
  if (existsSync('/etc/apt/sources.list.d'))
    cpSync('/etc/apt/sources.list.d', parts, { recursive: true, dereference: true });
  else mkdirSync(parts);
  if (stanza) writeFileSync(join(parts, 'aaclip-backports.sources'), stanza);
  for (const needed of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(folder, needed), { recursive: true });
  const places = {
    'Dir::Etc::sourcelist': list,
    'Dir::Etc::sourceparts': parts,
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::Cache': join(folder, 'cache'),
  };
  const quiet = ['-o', 'Acquire::Languages=none'];
  return [...Object.entries(places).flatMap(([key, value]) => ['-o', `${key}=${value}`]), ...quiet];
}
