/** What a test leaves for its page. */
import { testOf } from '#src/cli/report/read_run';
import type { FuzzTarget } from '../target.js';

const FILE = 'results.json';
const CURVE = { x: [0, 0.5, 1], y: [0, 1, 1] };
const HISTOGRAM = { lo: -1, hi: 1, normal: [3, 1], abnormal: [0, 2] };
const CLASS = {
  ...{ className: 'nut', pixelAuc: 91.5, imageAuc: null, pixelF1: { f1: 0.5, threshold: 0.25 }, imageF1: null },
  ...{ images: 2, abnormalImages: 1, notes: ['every image is normal'] },
  behind: {
    pixels: { roc: CURVE, pr: CURVE, pro: CURVE, histogram: HISTOGRAM },
    images: { roc: CURVE },
    pictures: [{ path: 'nut/1.png', label: 1, score: 0.5, peak: 2 }],
    sheet: 'out/visualization/nut/sheet.png',
  },
};

export const results: FuzzTarget = {
  name: 'results',
  file: FILE,
  async seeds() {
    const run = { dataset: 'Parts', epoch: 2, missing: ['bolt'], classes: [CLASS] };
    const whole = { resultsDir: 'out', origin: { aaclip: '0.1.0' }, runs: [run], summary: [] };
    const deep = `{"runs":${'['.repeat(9000)}${']'.repeat(9000)}}`;
    return [JSON.stringify(whole), '{"runs":[]}', deep].map((t) => new TextEncoder().encode(t));
  },
  run: async (input) => void testOf(FILE, new TextDecoder().decode(input)),
};
