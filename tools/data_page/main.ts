/** `npm run data-page`: makes the table of folders in docs/data.md anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../command.js';
import { withTable } from './page.js';

await runCommand(() => {
  const file = fileURLToPath(new URL('../../docs/data.md', import.meta.url));
  writeFileSync(file, withTable(readFileSync(file, 'utf8')));
});
