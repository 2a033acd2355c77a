/** `aaclip report`: the page of a run made again, or of several runs side by side. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { type ReportFlags, reportOptions } from './flags.js';
import { printReport } from './output.js';
import { PAGE, writePage } from './write_page.js';

export function reportCommand(program: Command): void {
  reportOptions(
    program
      .command('report')
      .description('Make report.html of a test or training again, or compare several on one page: tables and curves.'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip report ckpt/baseline
  $ aaclip report ckpt/baseline --epoch 15 --out epoch15.html
  $ aaclip report results
  $ aaclip report ckpt/baseline ckpt/longer --out comparison.html

A page is one file: it opens in any browser, without network.`,
    )
    .action(runReport);
}

async function runReport(folders: readonly string[], flags: ReportFlags): Promise<void> {
  const file = flags.out ?? (folders.length === 1 ? join(folders[0]!, PAGE) : 'comparison.html');
  await writePage(folders, file, flags.epoch);
  printReport(file, flags);
}
