/**
 * The colours of heatmaps: from deep blue over violet, magenta and orange to light yellow, 256 steps.
 *
 * The anchor colours are joined by straight lines in OKLab space, and the path is divided into steps of equal length, so that
 * equal differences of a score look equally large. Lightness rises all the way: bright means high, also in print and to
 * people who see colours differently (the test simulates protanopia, deuteranopia and tritanopia).
 */

const ANCHORS = [0x16105c, 0x6a1fb0, 0xc0307f, 0xf0703a, 0xf9b42d, 0xf8f27a] as const;

type Triple = readonly [number, number, number];

/** sRGB transfer function and its inverse (IEC 61966-2-1), on 0..1. */
const toLinear = (v: number): number => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const fromLinear = (v: number): number => (v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055);

/** OKLab (Ottosson 2020) of an sRGB colour, bytes. */
export function toOklab(r: number, g: number, b: number): Triple {
  const [lr, lg, lb] = [toLinear(r / 255), toLinear(g / 255), toLinear(b / 255)];
  const l = Math.cbrt(0.4122214708 * lr + 0.5363325363 * lg + 0.0514459929 * lb);
  const m = Math.cbrt(0.2119034982 * lr + 0.6806995451 * lg + 0.1073969566 * lb);
  const s = Math.cbrt(0.0883024619 * lr + 0.2817188376 * lg + 0.6299787005 * lb);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromOklab([lightness, a, b]: Triple): Triple {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const byte = (v: number) => Math.round(255 * Math.min(1, Math.max(0, fromLinear(v))));
  return [
    byte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    byte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    byte(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function buildColours(): Uint8Array {
  const points = ANCHORS.map((hex) => toOklab(hex >> 16, (hex >> 8) & 255, hex & 255));
  const reach = [0]; // length of the path up to each anchor
  for (let i = 1; i < points.length; i++) {
    const [p, q] = [points[i - 1]!, points[i]!];
    reach.push(reach[i - 1]! + Math.hypot(q[0] - p[0], q[1] - p[1], q[2] - p[2]));
  }
  const out = new Uint8Array(256 * 3);
  for (let step = 0, i = 1; step < 256; step++) {
    const at = (step / 255) * reach.at(-1)!;
    while (i < points.length - 1 && reach[i]! < at) i++;
    const t = (at - reach[i - 1]!) / (reach[i]! - reach[i - 1]!);
    const [p, q] = [points[i - 1]!, points[i]!];
    const mix = (c: 0 | 1 | 2) => p[c] + t * (q[c] - p[c]);
    out.set(fromOklab([mix(0), mix(1), mix(2)]), step * 3);
  }
  return out;
}

/** RGB of the 256 steps from low to high, [256, 3] bytes. */
export const HEAT_COLOURS: Readonly<Uint8Array> = buildColours();
