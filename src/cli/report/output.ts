/** What `report` prints: the page's name. */
import type { ReportFlags } from './flags.js';

export function printReport(file: string, { json }: ReportFlags): void {
  process.stdout.write(json ? `${JSON.stringify({ file })}\n` : `${file}\n`);
}
