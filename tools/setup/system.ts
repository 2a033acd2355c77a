/** What the set-up asks of this machine: its distribution, its programs, and whether packages can be installed. */
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { run } from '../bootstrap.mjs';

export interface SetupOptions {
  /** Only ask the package manager what it would do. */
  readonly simulate: boolean;
  /** Whether system packages may be installed. */
  readonly mayInstall: boolean;
}

/** The file of a program on the path; undefined where it has none. */
export function programPath(command: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.flatMap((folder) => (folder === '' ? [] : [join(folder, command)])).find((path) => existsSync(path));
}

export const onPath = (command: string): boolean => programPath(command) !== undefined;

/** The fields of /etc/os-release. */
export function parseRelease(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(/^(\w+)=(?:"([^"\n]*)"|'([^'\n]*)'|(.*))$/gm)].map((m) => [
      m[1] ?? '',
      m[2] ?? m[3] ?? m[4] ?? '',
    ]),
  );
}

export function release(): Map<string, string> {
  const file = ['/etc/os-release', '/usr/lib/os-release'].find((path) => existsSync(path));
  return parseRelease(file ? readFileSync(file, 'utf8') : '');
}

/** Words before a command that changes the system; undefined where this user cannot change it without a password. */
export function sudoWords(simulate: boolean): readonly string[] | undefined {
  if (process.getuid?.() === 0 || simulate) return [];
  return run('sudo', ['-n', 'true']).code === 0 ? ['sudo', '-n'] : undefined;
}
