/** Draws results to a file: `--report`. */
import { readFile } from 'node:fs/promises';
import { writeAtomically } from '../../node/atomic_write.js';
import { fileError } from '../../node/file_error.js';
import { type BenchResult, chartsOf } from './result_charts.js';
import { type Chart, escaped, svgOf } from './svg_charts.js';

const PAGE = `
body { margin: 0 auto; max-width: 928px; padding: 24px; background: #fff; color: #1b1f24; font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
h1 { font-size: 26px; line-height: 1.25; margin: 8px 0; }
figure { margin: 24px 0; }
svg { max-width: 100%; height: auto; }
p { color: #57606a; }`;

/** Where and when results were measured, each once. */
function placesOf(results: readonly BenchResult[]): string[] {
  const facts = results.map(({ adapter, cpu, date }) =>
    [adapter?.name, cpu, typeof date === 'string' ? date.slice(0, 10) : undefined].filter((fact) => fact).join(' · '),
  );
  return [...new Set(facts)].filter((fact) => fact !== '');
}

function htmlOf(charts: readonly Chart[], results: readonly BenchResult[]): string {
  const figures = charts.map((chart) => `<figure>${svgOf([chart])}</figure>`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>aaclip benchmark</title>
<style>${PAGE}</style>
<h1>aaclip benchmark</h1>
${placesOf(results)
  .map((fact) => `<p>${escaped(fact)}</p>`)
  .join('\n')}
${figures.join('\n')}
</html>
`;
}

/** Results in a file: one JSON object, or a line for each as the kit writes them. */
function resultsIn(path: string, text: string): BenchResult[] {
  const parse = (part: string): unknown => {
    try {
      return JSON.parse(part) as unknown;
    } catch {
      return undefined;
    }
  };
  const whole = parse(text);
  const parts = whole === undefined ? text.trim().split('\n').map(parse) : [whole];
  if (parts.some((part) => typeof part !== 'object' || part === null)) {
    throw new Error(`${path}: not a result of the benchmark: expected what "aaclip bench --json" prints`);
  }
  return (parts as BenchResult[]).flatMap((part): BenchResult[] => {
    // The kit's files hold the results of its stages.
    const stages = (part.stages ?? ('stage' in part ? [part] : undefined)) as { report?: BenchResult }[] | undefined;
    const own: BenchResult[] = part.ratios === undefined && stages ? [] : [part];
    return [...own, ...(stages ?? []).flatMap((s) => (s.report === undefined ? [] : [s.report]))];
  });
}

/**
 * Draws results.
 * @param from files of results, or results
 * @throws one line when a file cannot be read, there is nothing to draw, or the ending is neither .html nor .svg
 */
export async function drawReport(
  from: readonly (string | BenchResult)[],
  to: string | undefined,
  say: (line: string) => void,
): Promise<void> {
  if (to === undefined) throw new Error('bench report: where to: expected --report with a file, .html or .svg');
  const results: BenchResult[] = [];
  for (const one of from) {
    if (typeof one !== 'string') results.push(one);
    else {
      const text = await readFile(one, 'utf8').catch((error: unknown) => {
        throw fileError(one, 'read', error);
      });
      results.push(...resultsIn(one, text));
    }
  }
  const charts = results.flatMap(chartsOf);
  if (charts.length === 0) throw new Error('bench report: nothing to draw in these results');
  const html = /\.html?$/i.test(to);
  if (!html && !/\.svg$/i.test(to)) throw new Error(`bench report: ${to}: expected a name that ends in .html or .svg`);
  await writeAtomically(
    to,
    new TextEncoder().encode(html ? htmlOf(charts, results) : svgOf(charts, placesOf(results).join('; '))),
  );
  say(`${charts.length} charts in ${to}`);
}
