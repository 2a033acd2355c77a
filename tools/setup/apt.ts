/** Installs packages with apt and leaves the machine's apt configuration unchanged. */
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

export interface Candidate {
  readonly version: string;
  readonly major: number;
}

/** The version that `apt-cache policy` prints, undefined when there is no candidate. */
export function candidate(policy: string): Candidate | undefined {
  const m = /Candidate: ((?:\d+:)?(\d+)\.\S+)/.exec(policy);
  return m ? { version: m[1] ?? '', major: Number(m[2]) } : undefined;
}

export interface AptOptions {
  /** Words put before each command that changes the system. */
  readonly sudo: readonly string[];
  /** Only ask apt what it would do. */
  readonly simulate: boolean;
}

/** An apt of its own. */
export interface Apt {
  /** The version of a package that the sources offer, undefined where none has it. @param target `-t` and a suite */
  offer(name: string, target?: readonly string[]): Candidate | undefined;
  /** Installs packages. @returns what apt would do, where it is only asked; otherwise nothing */
  install(packages: readonly string[], target?: readonly string[]): string;
  /** An error for a package that no source has. */
  lacks(name: string): Error;
}

/**
 * Works with an apt that has a temporary folder: a copy of the machine's sources, its own lists and its own cache. So the
 * machine's apt stays as it is.
 * @param stanza a source to add, in the deb822 form
 */
export function withApt<T>({ sudo, simulate }: AptOptions, stanza: string, work: (apt: Apt) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'aaclip-apt-'));
  // apt downloads as a separate user, who needs access.
  chmodSync(folder, 0o755);
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  const asRoot = (...words: string[]): [command: string, args: string[]] => {
    const [command = '', ...args] = [...sudo, 'env', 'LC_ALL=C', 'DEBIAN_FRONTEND=noninteractive', ...words];
    return [command, args];
  };
  try {
    const options = layOut(folder, stanza);
    // One broken third-party source fails the whole update, which matters only if the package is then not found.
    const updated = run(...asRoot('apt-get', ...options, '-q', 'update'), { env });
    return work({
      offer: (name, target = []) => candidate(run('apt-cache', [...options, ...target, 'policy', name], { env }).out),
      install: (packages, target = []) => {
        const words = ['apt-get', ...options, '-o', 'DPkg::Lock::Timeout=300', '-q', '-y', '--no-install-recommends'];
        const [command, args] = asRoot(...words, ...(simulate ? ['-s'] : []), ...target, 'install', ...packages);
        const out = must('apt-get install', command, args, { env });
        if (!simulate) return '';
        const steps = out.split('\n').filter((line) => /^(Inst|Remv|\d+ upgraded)/.test(line));
        return [`${command} ${args.join(' ')}`, ...steps].join('\n');
      },
      lacks: (name) => {
        const tail = updated.code === 0 ? '' : `${updated.out.trim().split('\n').slice(-6).join('\n')}\n`;
        return new Error(`${tail}apt: ${name}: no source of this machine has it`);
      },
    });
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
  if (stanza) writeFileSync(join(parts, 'aaclip.sources'), stanza);
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
