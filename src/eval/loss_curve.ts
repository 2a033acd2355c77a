/** Losses over steps as an SVG picture, with a panel for each stage. */

/** The loss of one step. */
export interface LossPoint {
  readonly stage: string;
  readonly step: number;
  readonly loss: number;
}

const WIDTH = 720;
const HEIGHT = 260;
const MARGIN = { left: 56, right: 16, top: 28, bottom: 32 };
/** The most points that are drawn; more are averaged in groups. */
const MOST = 400;

/** A number for an axis: three digits, no trailing zeros. */
const label = (v: number): string => String(Number(v.toPrecision(3)));

/** Means of groups of neighbours, at most `MOST` of them. */
function thin(points: readonly LossPoint[]): { step: number; loss: number }[] {
  const group = Math.ceil(points.length / MOST);
  const out: { step: number; loss: number }[] = [];
  for (let i = 0; i < points.length; i += group) {
    const part = points.slice(i, i + group);
    const mean = (pick: (p: LossPoint) => number): number => part.reduce((s, p) => s + pick(p), 0) / part.length;
    out.push({ step: mean((p) => p.step), loss: mean((p) => p.loss) });
  }
  return out;
}

function panel(stage: string, all: readonly LossPoint[], top: number): string {
  // A step that ran twice, before and after an interruption, counts once: its later run.
  const points = [...new Map(all.map((p) => [p.step, p])).values()].sort((a, b) => a.step - b.step);
  const thinned = thin(points);
  const [first, last] = [points[0]!.step, points.at(-1)!.step];
  const losses = thinned.map((p) => p.loss);
  const low = Math.min(...losses);
  const high = Math.max(...losses, low + 1e-6);
  const x = (step: number): number =>
    MARGIN.left + ((step - first) / Math.max(1, last - first)) * (WIDTH - MARGIN.left - MARGIN.right);
  const y = (loss: number): number =>
    top + MARGIN.top + (1 - (loss - low) / (high - low)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const path = thinned.map((p) => `${x(p.step).toFixed(1)},${y(p.loss).toFixed(1)}`).join(' ');
  const line = (at: number): string =>
    `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y(at).toFixed(1)}" y2="${y(at).toFixed(1)}" stroke="#ddd"/>` +
    `<text x="${MARGIN.left - 6}" y="${(y(at) + 4).toFixed(1)}" text-anchor="end">${label(at)}</text>`;
  const bottom = top + HEIGHT - 10;
  return [
    `<text x="${MARGIN.left}" y="${top + 18}" font-weight="bold">${stage} stage: loss by step</text>`,
    ...[low, (low + high) / 2, high].map(line),
    `<text x="${MARGIN.left}" y="${bottom}">${first}</text>`,
    `<text x="${WIDTH - MARGIN.right}" y="${bottom}" text-anchor="end">${last}</text>`,
    `<polyline points="${path}" fill="none" stroke="#0b62a4" stroke-width="1.5"/>`,
  ].join('\n');
}

/** The picture of a run's losses. */
export function lossCurve(points: readonly LossPoint[]): string {
  const stages = [...new Set(points.map((p) => p.stage))];
  const panels = stages.map((stage, i) =>
    panel(
      stage,
      points.filter((p) => p.stage === stage),
      i * HEIGHT,
    ),
  );
  const height = Math.max(1, stages.length) * HEIGHT;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
${panels.join('\n')}
</svg>
`;
}
