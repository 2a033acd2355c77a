/** The picture with its heatmap, its highest point and an outline over it. */
import { drawContour, thresholdMap } from '#src/eval/heatmap';
import type { LevelReport } from '#src/web/engine_messages';
import { byId } from './elements.js';
import { context, inColours, paint } from './heat_canvas.js';
import { onLanguage, text } from './language.js';
import type { Entry } from './picture_queue.js';

interface Shown {
  readonly report: NonNullable<Entry['report']>;
  readonly drawn: NonNullable<Entry['drawn']>;
  /** The one level whose map is shown; undefined for all. */
  readonly level?: LevelReport | undefined;
}

/** The map that is shown, and its highest point. */
const onTop = ({ report, drawn, level }: Shown): Pick<LevelReport, 'map' | 'peak'> =>
  level ?? { map: drawn.map, peak: report.peak };

const picture = byId('canvas-picture', HTMLCanvasElement);
const heat = byId('canvas-map', HTMLCanvasElement);
const marks = byId('canvas-marks', HTMLCanvasElement);
const opacity = byId('opacity', HTMLInputElement);
const peakBox = byId('show-peak', HTMLInputElement);
const outlineBox = byId('show-outline', HTMLInputElement);
const level = byId('outline-level', HTMLInputElement);
const levelValue = byId('outline-value', HTMLOutputElement);

let shown: Shown | undefined;

/** Longest side of the outline's own pixels: a larger one would make the slider stutter. */
const MOST_MARKS = 640;

/** Red, green, blue and opacity, as little-endian words. */
const [DARK, LIGHT, BLACK, WHITE] = [0xff_18_18_18, 0xff_ff_ff_ff, 0xff_00_00_00, 0xff_ff_ff_ff];

function drawMarks(now: Shown): void {
  const { report, drawn } = now;
  const { map, peak } = onTop(now);
  const fit = Math.min(1, MOST_MARKS / Math.max(drawn.preview.width, drawn.preview.height));
  const width = Math.max(1, Math.round(drawn.preview.width * fit));
  const height = Math.max(1, Math.round(drawn.preview.height * fit));
  marks.width = width;
  marks.height = height;
  const on = context(marks);
  const unit = Math.max(width, height) / 256;
  if (outlineBox.checked) {
    const inside = thresholdMap(map, width, height, Number(level.value) / 100);
    const image = new ImageData(width, height);
    const words = new Uint32Array(image.data.buffer);
    for (const [thickness, colour] of [
      [4, DARK],
      [2, LIGHT],
    ] as const) {
      const line = new Uint8Array(3 * words.length);
      drawContour(line, width, height, inside, [1, 1, 1], Math.max(1, Math.round((thickness * unit) / 2)));
      for (let i = 0; i < words.length; i++) if (line[3 * i]) words[i] = colour;
    }
    on.putImageData(image, 0, 0);
  }
  if (peakBox.checked) {
    const x = ((peak.x + 0.5) / report.width) * width;
    const y = ((peak.y + 0.5) / report.height) * height;
    for (const [thickness, colour] of [
      [4, '#181818'],
      [2, '#ffffff'],
    ] as const) {
      on.lineWidth = thickness * unit;
      on.strokeStyle = colour;
      on.beginPath();
      on.arc(x, y, 7 * unit, 0, 2 * Math.PI);
      on.stroke();
    }
  }
}

function describe(): void {
  const words = byId('view-words', HTMLElement);
  if (!shown) {
    words.textContent = text('noPicture');
    return;
  }
  const { name, width, height } = shown.report;
  const { x, y } = onTop(shown).peak;
  words.textContent = text('pictureWords', { name, x, y, width, height });
}

function refresh(): void {
  levelValue.value = (Number(level.value) / 100).toFixed(2);
  if (shown) drawMarks(shown);
}

function fade(): void {
  heat.style.opacity = String(Number(opacity.value) / 100);
}

/** Shows a scored picture; nothing without one. */
export function showPicture(entry: Entry | undefined): void {
  const next = entry?.report && entry.drawn ? { report: entry.report, drawn: entry.drawn } : undefined;
  byId('view-name', HTMLElement).textContent = entry?.name ?? text('noPicture');
  for (const id of ['save-heatmap', 'save-mask']) byId(id, HTMLButtonElement).disabled = !next;
  const same = next?.drawn === shown?.drawn;
  shown = next && same ? { ...next, level: shown?.level } : next;
  describe();
  if (same) return;
  if (!next) {
    for (const canvas of [picture, heat, marks]) context(canvas).clearRect(0, 0, canvas.width, canvas.height);
    return;
  }
  const { preview } = next.drawn;
  byId('stack', HTMLElement).style.setProperty('--ratio', String(preview.width / preview.height));
  paint(picture, preview.width, preview.height, preview.data);
  paintMap(next);
}

function paintMap(now: Shown): void {
  const { map } = onTop(now);
  paint(heat, map.width, map.height, inColours(map));
  refresh();
}

/** Shows the map of one level of the picture in place of that of all; undefined for all. */
export function showLevel(level: LevelReport | undefined): void {
  if (!shown) return;
  shown = { ...shown, level };
  describe();
  paintMap(shown);
}

/** What is shown as one picture. */
export function withHeatmap(): HTMLCanvasElement {
  const { width, height } = picture;
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const on = context(canvas);
  on.imageSmoothingQuality = 'high';
  on.drawImage(picture, 0, 0);
  on.globalAlpha = Number(opacity.value) / 100;
  on.drawImage(heat, 0, 0, width, height);
  on.globalAlpha = 1;
  on.drawImage(marks, 0, 0, width, height);
  return canvas;
}

/** White where the map is at least the level of the outline, else black, in the size of what is shown. */
export function asMask(): HTMLCanvasElement {
  const { width, height } = picture;
  const inside = thresholdMap(onTop(shown!).map, width, height, Number(level.value) / 100);
  const image = new ImageData(width, height);
  const words = new Uint32Array(image.data.buffer);
  for (let i = 0; i < words.length; i++) words[i] = inside[i] ? WHITE : BLACK;
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  context(canvas).putImageData(image, 0, 0);
  return canvas;
}

export function startViewer(): void {
  const scale = byId('scale', HTMLCanvasElement);
  const ramp = Float32Array.from({ length: 256 }, (_, i) => i / 255);
  paint(scale, 256, 1, inColours({ width: 256, height: 1, data: ramp }));
  for (const input of [peakBox, outlineBox, level]) input.addEventListener('input', refresh);
  opacity.addEventListener('input', fade);
  onLanguage(describe);
  refresh();
  fade();
}
