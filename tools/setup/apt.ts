/** Installs the software Vulkan driver with apt and leaves the machine's apt configuration unchanged. */
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
import { must, run } from '../bootstrap.mjs';

export const PACKAGES = ['mesa-vulkan-drivers', 'libvulkan1'];
/** Dawn refuses the llvmpipe of Mesa 22.3 (no dynamic indexing of buffer arrays); 24 is the oldest known to work. */
export const OLDEST_MESA = 24;

/** One entry of apt's source lists. */
export interface Source {
  readonly types: readonly string[];
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** A path, or the key itself as indented lines. */
  readonly signedBy: string | undefined;
  readonly trusted: string | undefined;
}

/** Reads the one-line form: `deb [signed-by=/x.gpg] URI SUITE COMPONENT...`. */
export function parseList(text: string): Source[] {
  const found: Source[] = [];
  for (const line of text.split('\n')) {
    const m = /^\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)([^#]*)/.exec(line);
    if (!m) continue;
    const options = new Map((m[2] ?? '').split(/\s+/).map((o) => o.split(/\+?=/, 2) as [string, string]));
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

/** Reads the deb822 form: stanzas of `Field: value`, continued by indented lines. */
export function parseSources(text: string): Source[] {
  const found: Source[] = [];
  const bare = text.split('\n').filter((line) => !line.startsWith('#'));
  for (const stanza of bare.join('\n').split(/\n\s*\n/)) {
    const fields = new Map<string, string>();
    for (const m of stanza.matchAll(/^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t]+.*)*)/gm)) {
      fields.set((m[1] ?? '').toLowerCase(), (m[2] ?? '').trimEnd());
    }
    const words = (name: string): string[] => (fields.get(name) ?? '').split(/\s+/).filter(Boolean);
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
 * @param etc apt's configuration folder
 */
export function readSources(etc: string): Source[] {
  const parts = join(etc, 'sources.list.d');
  const names = existsSync(parts) ? readdirSync(parts).sort() : [];
  const files = [join(etc, 'sources.list'), ...names.map((name) => join(parts, name))];
  return files.flatMap((file) => {
    if (!existsSync(file)) return [];
    if (file.endsWith('.list')) return parseList(readFileSync(file, 'utf8'));
    return file.endsWith('.sources') ? parseSources(readFileSync(file, 'utf8')) : [];
  });
}

/** The main archive of a release: its source, without discs. Undefined where no source has it. */
export function archiveOf(sources: readonly Source[], codename: string): Source | undefined {
  const has = ({ types, suites, components }: Source): boolean =>
    types.includes('deb') && suites.includes(codename) && components.includes('main');
  const archive = sources.find(has);
  const uris = archive?.uris.filter((uri) => !uri.startsWith('cdrom:')) ?? [];
  return archive && uris.length > 0 ? { ...archive, uris } : undefined;
}

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

/** The version that `apt-cache policy` prints, undefined when there is no candidate. */
export function candidate(policy: string): { readonly version: string; readonly major: number } | undefined {
  const m = /Candidate: ((?:\d+:)?(\d+)\.\S+)/.exec(policy);
  return m ? { version: m[1] ?? '', major: Number(m[2]) } : undefined;
}

export interface AptOptions {
  /** Words put before each command that changes the system. */
  readonly sudo: readonly string[];
  /** Only ask apt what it would do. */
  readonly simulate: boolean;
  /** The distribution, as /etc/os-release names it. */
  readonly id: string;
  /** The codename of its release. */
  readonly codename: string | undefined;
}

/**
 * Installs the newest Mesa that the machine's sources offer, or Mesa from the release's backports where that is too
 * old.
 *
 * apt works on a temporary folder: a copy of the sources with the backports added, its own lists and its own cache.
 * @returns a description of what was installed
 */
export function installWithApt({ sudo, simulate, id, codename }: AptOptions): string {
  const folder = mkdtempSync(join(tmpdir(), 'aaclip-apt-'));
  // apt downloads as a separate user, who needs access.
  chmodSync(folder, 0o755);
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  try {
    const extra = id === 'debian' && codename ? backports(readSources('/etc/apt'), codename) : undefined;
    const options = layOut(folder, extra?.stanza ?? '');
    const asRoot = (...words: string[]): string[] => [
      ...sudo,
      'env',
      'LC_ALL=C',
      'DEBIAN_FRONTEND=noninteractive',
      ...words,
    ];
    const [first = '', ...update] = asRoot('apt-get', ...options, '-q', 'update');
    // One broken third-party source fails the whole update, which matters only if the driver is then not found.
    const updated = run(first, update, { env });
    const offer = (...target: string[]) =>
      candidate(run('apt-cache', [...options, ...target, 'policy', 'mesa-vulkan-drivers'], { env }).out);
    let target: string[] = [];
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
 * Fills the temporary folder.
 * @returns the options that make apt use it
 */
function layOut(folder: string, stanza: string): string[] {
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
