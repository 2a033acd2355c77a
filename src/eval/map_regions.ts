/** The regions of a map that reach a threshold, in the picture's own pixels. */
import { type Peak, peakAt } from '../detect/detection.js';
import type { ScoreMap } from '../detect/share_map.js';
import { connectedRegions } from './regions.js';

/** A connected region of a picture. */
export interface MapRegion {
  /** The smallest rectangle that holds it: left, top, width and height in pixels of the picture. */
  readonly box: readonly [number, number, number, number];
  /** Pixels of the picture, rounded. */
  readonly area: number;
  /** Its highest score, and where that is in the picture. */
  readonly peak: Peak;
}

/**
 * Regions whose scores are `threshold` or more, the highest peak first. Pixels that touch at a corner belong together. They are
 * found in the map's own pixels, so a region is never finer than what the model has seen.
 * @param width of the picture that the map covers, and its `height`
 */
export function mapRegions(map: ScoreMap, threshold: number, width: number, height: number): MapRegion[] {
  const mask = Uint8Array.from(map.data, (v) => (v >= threshold ? 1 : 0));
  const { labels, sizes } = connectedRegions(mask, map.width);
  const found = sizes.map(() => ({ left: map.width, top: map.height, right: 0, bottom: 0, at: -1 }));
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === 0) continue;
    const region = found[labels[i]!]!;
    const [x, y] = [i % map.width, Math.floor(i / map.width)];
    region.left = Math.min(region.left, x);
    region.right = Math.max(region.right, x + 1);
    region.top = Math.min(region.top, y);
    region.bottom = Math.max(region.bottom, y + 1);
    if (region.at < 0 || map.data[i]! > map.data[region.at]!) region.at = i;
  }
  const across = (x: number): number => (x * width) / map.width;
  const down = (y: number): number => (y * height) / map.height;
  const regions = found.slice(1).map(({ left, top, right, bottom, at }, i): MapRegion => {
    const [x, y] = [Math.floor(across(left)), Math.floor(down(top))];
    const box = [x, y, Math.ceil(across(right)) - x, Math.ceil(down(bottom)) - y] as const;
    const area = Math.max(1, Math.round(sizes[i + 1]! * across(1) * down(1)));
    return { box, area, peak: peakAt(map, at, width, height) };
  });
  return regions.sort((a, b) => b.peak.value - a.peak.value);
}
