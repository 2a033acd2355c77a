/** All commands, in the order of the help. A new command is a folder (command.ts, flags.ts, output.ts) and a row here. */
import { benchCommand } from './bench/command.js';
import { calibrateCommand } from './calibrate/command.js';
import { convertCommand } from './convert/command.js';
import { exportCommand } from './export/command.js';
import { indexCommand } from './index_data/command.js';
import { infoCommand } from './info/command.js';
import { jobsCommand } from './jobs/command.js';
import { methodsCommand } from './methods/command.js';
import { predictCommand } from './predict/command.js';
import type { AddCommand } from './program.js';
import { registryCommand } from './registry/command.js';
import { reportCommand } from './report/command.js';
import { reproduceCommand } from './reproduce/command.js';
import { serveCommand } from './serve/command.js';
import { testCommand } from './test_adapters/command.js';
import { testAllCommand } from './test_all/command.js';
import { trainCommand } from './train/command.js';
import { verifyCommand } from './verify/command.js';
import { watchCommand } from './watch/command.js';
import { weightsCommand } from './weights/command.js';
import { workerCommand } from './worker/command.js';

export const COMMANDS: readonly AddCommand[] = [
  predictCommand,
  calibrateCommand,
  watchCommand,
  serveCommand,
  workerCommand,
  jobsCommand,
  trainCommand,
  testCommand,
  testAllCommand,
  reproduceCommand,
  reportCommand,
  indexCommand,
  registryCommand,
  weightsCommand,
  methodsCommand,
  verifyCommand,
  infoCommand,
  convertCommand,
  exportCommand,
  benchCommand,
];
