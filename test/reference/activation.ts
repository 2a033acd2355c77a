/** erf by its Maclaurin series near zero and the continued fraction of erfc beyond: full double precision. */
export function erf(x: number): number {
  const t = Math.abs(x);
  if (t > 6) return Math.sign(x);
  if (t < 2.5) {
    let term = t;
    let sum = t;
    for (let n = 1; n < 80; n++) {
      term *= (-t * t) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let f = 0;
  for (let n = 80; n > 0; n--) f = n / 2 / (t + f);
  return Math.sign(x) * (1 - Math.exp(-t * t) / ((t + f) * Math.sqrt(Math.PI)));
}

export function activate(x: number, kind: 'none' | 'gelu' | 'quickgelu' | 'leaky_relu'): number {
  if (kind === 'gelu') return 0.5 * x * (1 + erf(x / Math.SQRT2));
  if (kind === 'quickgelu') return x / (1 + Math.exp(-1.702 * x));
  if (kind === 'leaky_relu') return x > 0 ? x : 0.01 * x;
  return x;
}
