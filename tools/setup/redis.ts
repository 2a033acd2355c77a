/** A Redis or Valkey server for the tests of commands that share work over machines. */
import process from 'node:process';
import { step } from '../bootstrap.mjs';
import { withApt } from './apt.js';
import { onPath, programPath, type SetupOptions, sudoWords } from './system.js';

const PROGRAMS = ['redis-server', 'valkey-server'];
const PACKAGE = 'redis-server';

/** The commands that install one where apt is not the package manager. */
const COMMANDS: readonly (readonly [manager: string, command: string])[] = [
  ['dnf', 'dnf install -y valkey'],
  ['pacman', 'pacman -S --needed valkey'],
  ['zypper', 'zypper install -y redis'],
  ['apk', 'apk add redis'],
  ['brew', 'brew install redis'],
];

/** The program of a server on the path. @throws one line that says how to get one */
export function findRedis(): string {
  const found = PROGRAMS.flatMap((name) => programPath(name) ?? [])[0];
  if (found !== undefined) return found;
  const other = COMMANDS.find(([manager]) => onPath(manager))?.[1] ?? 'see https://redis.io/docs';
  throw new Error(
    `redis: no server was found: run: npm run setup -- --redis${onPath('apt-get') ? '' : ` (or ${other})`}`,
  );
}

/**
 * Makes sure that there is a server; it is installed with apt, not started.
 * @returns its path
 * @throws when there is none and none could be installed
 */
export function provideRedis({ simulate, mayInstall }: SetupOptions): string {
  try {
    return findRedis();
  } catch (error) {
    const sudo = sudoWords(simulate);
    if (!onPath('apt-get') || !mayInstall || !sudo) throw error;
    const done = step(`no Redis server: ${simulate ? 'asking apt-get about' : 'installing'} ${PACKAGE}`, () =>
      withApt({ sudo, simulate }, '', (apt) => {
        if (!apt.offer(PACKAGE)) throw apt.lacks(PACKAGE);
        return apt.install([PACKAGE]);
      }),
    );
    if (!simulate) return findRedis();
    process.stdout.write(`${done}\n`);
    throw new Error('redis: no server was found: simulated only', { cause: error });
  }
}
