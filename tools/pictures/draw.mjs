#!/usr/bin/env node
/** Draws inspection-like pictures into a folder: `node tools/pictures/draw.mjs --help` tells the options. */
import process from 'node:process';
import { loadCommand } from './compile.mjs';

try {
  const { main } = await loadCommand();
  main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
