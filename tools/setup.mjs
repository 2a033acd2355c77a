#!/usr/bin/env node
/**
 * Makes a fresh checkout ready to run: packages, build, a WebGPU adapter. Does only what is missing.
 *
 *   node tools/setup.mjs [--quiet] [--driver] [--simulate] [--no-install]
 *
 * --quiet       says nothing when nothing is missing
 * --driver      looks at the adapter only, not at packages and build
 * --simulate    asks the system's package manager what it would do, and changes nothing there
 * --no-install  never installs a system package, prints the command instead (as AACLIP_NO_INSTALL=1 does)
 *
 * Plain JavaScript without dependencies: it runs before there is a node_modules. Its own modules are loaded after the
 * version check, so that an old Node gets a sentence and not a syntax error.
 */
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 20;

function checkNode() {
  if (Number(process.versions.node.split('.')[0]) >= OLDEST_NODE) return;
  throw new Error(
    `node: too old: expected ${OLDEST_NODE} or newer, got ${process.versions.node}: install a current Node`,
  );
}

async function main() {
  checkNode();
  const flags = new Set(process.argv.slice(2));
  const known = ['--quiet', '--driver', '--simulate', '--no-install'];
  const stray = [...flags].find((flag) => !known.includes(flag));
  if (stray) throw new Error(`setup: unknown option ${stray}: expected one of ${known.join(' ')}`);
  const root = fileURLToPath(new URL('..', import.meta.url));

  if (!flags.has('--driver')) {
    const { installPackages } = await import('./packages.mjs');
    const { buildIfStale } = await import('./build.mjs');
    installPackages(root);
    buildIfStale(root);
  }
  const { provideAdapter } = await import('./driver.mjs');
  const adapter = provideAdapter({
    simulate: flags.has('--simulate'),
    mayInstall: !flags.has('--no-install') && !process.env.AACLIP_NO_INSTALL,
  });
  if (!flags.has('--quiet')) process.stdout.write(`ready: ${adapter}\n`);
}

main().catch((/** @type {Error} */ error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
