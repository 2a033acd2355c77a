import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { drawReport } from '../../src/cli/bench/report_file.js';
import { chartsOf } from '../../src/cli/bench/result_charts.js';
import { draw, svgOf, ticks } from '../../src/cli/bench/svg_charts.js';

const KERNELS = {
  what: 'kernels',
  adapter: { name: 'Rocket <9>' },
  rows: [
    { name: 'fast', ms: 1, ofCeiling: 50 },
    { name: 'slow & long', ms: 4, ofCeiling: 25 },
    { name: 'reshape', ms: 0.5, ofCeiling: null },
  ],
};
const GROWTH = {
  what: 'growth',
  points: [1, 2, 4].map((batch) => ({
    job: 'forward',
    along: 'batch',
    batch,
    tokens: 5,
    ms: 3 * batch,
    peakMemory: 2 ** 20,
  })),
  fits: [
    {
      job: 'forward',
      along: 'batch',
      time: { slope: 3, intercept: 0, r2: 1 },
      memory: { slope: 0, intercept: 2 ** 20, r2: 1 },
    },
  ],
};

const widths = (svg: string, colour: string): number[] =>
  [...svg.matchAll(/<rect x="330" y="[\d.]+" width="([\d.]+)" height="17" rx="2" fill="(#\w+)"/g)]
    .filter((m) => m[2] === colour)
    .map((m) => Number(m[1]));

describe('charts of results', () => {
  it('bars are as long as their values, slowest first, and dark as far as the ceiling allows', () => {
    const svg = svgOf(chartsOf(KERNELS));
    const [slow, fast, least] = widths(svg, '#9ecae8') as [number, number, number];
    expect(fast / slow).toBeCloseTo(1 / 4, 2);
    expect(least / slow).toBeCloseTo(0.5 / 4, 2);
    const dark = widths(svg, '#0072B2');
    expect(dark[0]! / slow).toBeCloseTo(0.25, 2);
    expect(dark[1]! / fast).toBeCloseTo(0.5, 2);
    expect(dark[2]).toBe(0);
  });

  it('a pass with references is as long as it took, and dark as far as the one without', () => {
    const row = { name: 'ViT-L/14', with: { ms: 9 }, without: { ms: 8 }, ratio: 1.125 };
    const [chart] = chartsOf({ what: 'references', precision: 'f32', rows: [row] });
    expect(chart?.title).toBe('references, f32');
    const svg = svgOf([chart!]);
    expect(widths(svg, '#0072B2')[0]! / widths(svg, '#9ecae8')[0]!).toBeCloseTo(8 / 9, 2);
  });

  it('is XML whatever names hold', () => {
    const svg = svgOf(chartsOf(KERNELS), KERNELS.adapter.name);
    expect(svg).toContain('Rocket &lt;9&gt;');
    expect(svg).toContain('slow &amp; long');
    expect(svg).not.toMatch(/&(?!amp;|lt;|gt;|quot;)|<9>/);
  });

  it('lines pass through their points, and the fit through the same ones where it is exact', () => {
    const [time, memory] = chartsOf(GROWTH);
    expect([time?.title, memory?.title]).toEqual(['growth: time against batch', 'growth: memory against batch']);
    const { body } = draw(time!);
    const points = /<polyline points="([^"]*)"/
      .exec(body)![1]!
      .split(' ')
      .map((p) => p.split(',').map(Number));
    expect(points).toHaveLength(3);
    // Twice the batch is twice as far right and, growing in proportion, twice as high above the axis.
    const [x0, bottom] = [84, 338];
    expect((points[1]![0]! - x0) / (points[0]![0]! - x0)).toBeCloseTo(2, 1);
    expect((bottom - points[2]![1]!) / (bottom - points[0]![1]!)).toBeCloseTo(4, 1);
    const dashed = /x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)" y2="([\d.]+)" stroke="#0072B2" stroke-dasharray/.exec(
      body,
    )!;
    expect(dashed.slice(1).map(Number)).toEqual([...points[0]!, ...points[2]!]);
  });

  it('ticks are round and end within the values', () => {
    expect(ticks(10)).toEqual([0, 2, 4, 6, 8, 10]);
    expect(ticks(0.37)).toEqual([0, 0.1, 0.2, 0.3]);
    expect(ticks(1370).at(-1)).toBeLessThanOrEqual(1370);
  });

  it('ratios above 1 pass the mark', () => {
    const [chart] = chartsOf({
      what: 'kit',
      ratios: [
        { name: 'a', ratio: 2 },
        { name: 'b', ratio: 0.5 },
      ],
    });
    const { body } = draw(chart!);
    const mark = Number(/<line x1="([\d.]+)"/.exec(body)![1]);
    const [a, b] = widths(body, '#0072B2') as [number, number];
    expect(330 + a).toBeGreaterThan(mark);
    expect(330 + b).toBeLessThan(mark);
    expect(330 + a / 2).toBeCloseTo(mark, 0);
  });
});

describe('--report', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aaclip-report-'));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it('draws files of results, and those of the kit, into one page', async () => {
    const stages = [
      { stage: 'a', status: 'done', report: GROWTH },
      { stage: 'b', status: 'failed', reason: 'x' },
    ];
    const lines = file('stages.jsonl', `${stages.map((s) => JSON.stringify(s)).join('\n')}\n`);
    const to = join(folder, 'all.html');
    const said: string[] = [];
    await drawReport([file('kernels.json', JSON.stringify(KERNELS)), lines], to, (line) => said.push(line));
    expect(said).toEqual([`3 charts in ${to}`]);
    const html = readFileSync(to, 'utf8');
    expect(html.match(/<svg /g)).toHaveLength(3);
    expect(html).toContain('<p>Rocket &lt;9&gt;</p>');
    // It shows the same with no network: nothing is fetched.
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|<link|@import|url\(/);
  });

  it('says in one line what is wrong', async () => {
    const say = (): void => {};
    const svg = join(folder, 'a.svg');
    await expect(drawReport([join(folder, 'none.json')], svg, say)).rejects.toThrow(/none\.json: cannot read/);
    await expect(drawReport([file('bad.json', 'x')], svg, say)).rejects.toThrow(/not a result of the benchmark/);
    await expect(drawReport([{ what: 'ceilings' }], svg, say)).rejects.toThrow('nothing to draw');
    await expect(drawReport([KERNELS], join(folder, 'a.png'), say)).rejects.toThrow('ends in .html or .svg');
    await expect(drawReport([KERNELS], undefined, say)).rejects.toThrow('expected --report');
    rmSync(folder, { recursive: true });
  });
});
