/** A straight line through measurements. */

export interface LinearFit {
  readonly slope: number;
  readonly intercept: number;
  /** Share of the variance that the line explains; 1 where there is none to explain. */
  readonly r2: number;
}

/** Least squares of y against x. @throws for fewer than two values of x */
export function linearFit(xs: readonly number[], ys: readonly number[]): LinearFit {
  const n = xs.length;
  if (new Set(xs).size < 2) throw new Error(`fit: expected at least two values of x, got ${new Set(xs).size}`);
  const mean = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0) / n;
  const [mx, my] = [mean(xs), mean(ys)];
  const products = (a: readonly number[], ma: number, b: readonly number[], mb: number): number =>
    a.reduce((sum, v, i) => sum + (v - ma) * (b[i]! - mb), 0);
  const sxx = products(xs, mx, xs, mx);
  const slope = products(xs, mx, ys, my) / sxx;
  const syy = products(ys, my, ys, my);
  return { slope, intercept: my - slope * mx, r2: syy === 0 ? 1 : (slope * slope * sxx) / syy };
}
