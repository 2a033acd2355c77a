/** A threshold from the scores of good pictures alone, and what is known about its false alarms. */

/** A threshold on scores: a picture with this score or more is called faulty. */
export interface GoodThreshold {
  readonly threshold: number;
  /** Good pictures it was chosen from. */
  readonly pictures: number;
  /** The rate of false alarms that was asked for, and whether there were enough pictures to keep it. */
  readonly wanted: number;
  readonly kept: boolean;
  /** The mean rate of false alarms over draws of so many good pictures. */
  readonly expected: number;
  /** The rate lies in this interval in `confidence` of all draws. */
  readonly interval: readonly [number, number];
  readonly confidence: number;
}

/** Good pictures that a rate of false alarms takes: the smallest n with 1 / (n + 1) at most the rate. */
export function picturesForRate(rate: number): number {
  checkShare('false-alarm rate', rate);
  // A quotient such as 1 / 0.01 may lie a last bit above the whole number it stands for.
  return Math.max(1, Math.ceil(1 / rate - 1 - 1e-9));
}

/**
 * The threshold just above the smallest of `scores` that keeps the expected rate of false alarms at `rate` or below; above the
 * largest where none does.
 *
 * Let the scores of good pictures be drawn independently from one continuous distribution. The share of good pictures whose
 * scores lie above the k-th smallest of n is then Beta(n + 1 - k, k), whatever the distribution is (David and Nagaraja,
 * Order Statistics, 2003, section 2.3): its mean is (n + 1 - k) / (n + 1), and its quantiles are the interval's ends. Equal
 * scores only lower the rate.
 *
 * @param scores of good pictures that had no part in choosing anything else
 * @throws when no scores are given, one is no number, or a share is not between 0 and 1
 */
export function goodThreshold(scores: ArrayLike<number>, rate: number, confidence = 0.95): GoodThreshold {
  checkShare('false-alarm rate', rate);
  checkShare('confidence', confidence);
  const sorted = Float64Array.from(scores).sort();
  const n = sorted.length;
  if (n === 0) throw new Error('threshold: expected scores of good pictures, got none');
  if (!sorted.every(Number.isFinite)) throw new Error('threshold: expected finite scores, got one that is not');
  const kept = n >= picturesForRate(rate);
  const k = kept ? Math.min(n, Math.ceil((n + 1) * (1 - rate) - 1e-9)) : n;
  const above = n + 1 - k;
  const tail = (1 - confidence) / 2;
  return {
    threshold: nextAbove(sorted[k - 1]!),
    pictures: n,
    wanted: rate,
    kept,
    expected: above / (n + 1),
    interval: [betaQuantile(tail, above, k), betaQuantile(1 - tail, above, k)],
    confidence,
  };
}

/** The next larger number. */
function nextAbove(v: number): number {
  if (v === 0) return Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, v);
  view.setBigInt64(0, view.getBigInt64(0) + (v > 0 ? 1n : -1n));
  return view.getFloat64(0);
}

function checkShare(what: string, share: number): void {
  if (share > 0 && share < 1) return;
  throw new Error(`${what}: expected a share between 0 and 1, such as 0.01 for 1 in 100, got ${share}`);
}

/** Quantile of Beta(a, b) for whole a and b, by bisection. */
function betaQuantile(share: number, a: number, b: number): number {
  let [lo, hi] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (lo + hi) / 2;
    if (betaShare(middle, a, b) < share) lo = middle;
    else hi = middle;
  }
  return (lo + hi) / 2;
}

/**
 * Share of Beta(a, b) up to x, for whole a and b: the probability that of a + b - 1 draws, each a success with probability
 * x, at least a are (NIST Digital Library of Mathematical Functions, 8.17.5).
 */
function betaShare(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const n = a + b - 1;
  // Logarithms: for thousands of pictures the single terms would underflow.
  const odds = Math.log(x) - Math.log1p(-x);
  let term = n * Math.log1p(-x);
  let below = 0;
  for (let j = 0; j < a; j++) {
    below += Math.exp(term);
    term += Math.log((n - j) / (j + 1)) + odds;
  }
  return 1 - Math.min(1, below);
}
