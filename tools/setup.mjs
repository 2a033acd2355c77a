#!/usr/bin/env node
/**
 * Makes a fresh checkout ready to run: packages, build, a WebGPU adapter. Does only what is missing.
 *
 *   node tools/setup.mjs [--quiet] [--build | --driver | --no-driver] [--matrix] [--browser] [--firefox] [--redis]
 *                         [--simulate] [--no-install]
 *
 * --quiet       prints nothing when nothing is missing
 * --build       only compiles, whether the build is stale or not
 * --driver      only provides the adapter, leaving packages and build alone
 * --no-driver   only provides packages and build, leaving the adapter alone
 * --matrix      also provides a software driver with matrix units, for the tests of kernels that use them
 * --browser     also provides a Chromium, for the tests of pages. With --quiet, where there is none this is only said: all
 *               other tests run without
 * --firefox     also provides a Firefox, for the test of the page in it
 * --redis       also provides a Redis server, for the tests of commands that share work over machines; with --quiet as --browser
 * --simulate    asks the system's package manager what it would do, and changes nothing
 * --no-install  never installs a system package; prints the command instead (AACLIP_NO_INSTALL=1 does the same)
 *
 * Plain JavaScript without dependencies, because it runs before anything is installed or compiled. Everything else is
 * loaded after the version check, so that an old Node prints a clear message instead of a syntax error.
 */
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 20;
const FLAGS = [
  '--quiet',
  '--build',
  '--driver',
  '--no-driver',
  '--matrix',
  '--browser',
  '--firefox',
  '--redis',
  '--simulate',
  '--no-install',
];

function checkNode() {
  if (Number(process.versions.node.split('.')[0]) >= OLDEST_NODE) return;
  throw new Error(
    `node: too old: expected ${OLDEST_NODE} or newer, got ${process.versions.node}: install a current Node`,
  );
}

async function main() {
  checkNode();
  const flags = new Set(process.argv.slice(2));
  /**
   * What happens where a program that tests need cannot be had: with --quiet this is only said, since all other tests run.
   * @param {string} what the tests that fail without it are about
   * @returns {(error: Error) => string}
   */
  const saidOnly = (what) => (error) => {
    if (!flags.has('--quiet')) throw error;
    process.stderr.write(`note: the tests of ${what} will fail: ${error.message}\n`);
    return '';
  };
  const stray = [...flags].find((flag) => !FLAGS.includes(flag));
  if (stray) throw new Error(`setup: unknown option ${stray}: expected one of ${FLAGS.join(' ')}`);
  const root = fileURLToPath(new URL('..', import.meta.url));

  if (!flags.has('--driver')) {
    const { build, buildIfStale, installPackages } = await import('./bootstrap.mjs');
    if (flags.has('--build')) {
      build(root);
      return;
    }
    installPackages(root);
    buildIfStale(root);
  }
  const simulate = flags.has('--simulate');
  const mayInstall = !flags.has('--no-install') && !process.env.AACLIP_NO_INSTALL;
  const ready = [];
  if (!flags.has('--no-driver')) {
    /** @type {typeof import('./setup/driver.js')} */
    const driver = await load('driver');
    ready.push(driver.provideAdapter({ simulate, mayInstall }));
    if (flags.has('--matrix')) ready.push(driver.provideMatrixUnits(simulate));
  }
  if (flags.has('--browser')) {
    /** @type {typeof import('./setup/browser.js')} */
    const { provideBrowser } = await load('browser');
    ready.push(await provideBrowser({ simulate, mayInstall }).catch(saidOnly('pages')));
  }
  if (flags.has('--firefox')) {
    /** @type {typeof import('./setup/browser.js')} */
    const { provideFirefox } = await load('browser');
    ready.push(await provideFirefox({ simulate, mayInstall }));
  }
  if (flags.has('--redis')) {
    /** @type {typeof import('./setup/redis.js')} */
    const { provideRedis } = await load('redis');
    ready.push(await Promise.resolve({ simulate, mayInstall }).then(provideRedis).catch(saidOnly('queues')));
  }
  if (!flags.has('--quiet')) process.stdout.write(ready.map((line) => `ready: ${line}\n`).join(''));
}

/** A module of the set-up, once it is compiled. @param {string} name @returns {Promise<any>} */
async function load(name) {
  const compiled = new URL(`../dist-tools/setup/${name}.js`, import.meta.url).href;
  return import(compiled).catch((error) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error('setup: not built yet: run npm run setup first');
  });
}

main().catch((/** @type {Error} */ error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
