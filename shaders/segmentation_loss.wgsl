// loss = focal + dice(normal) + dice(abnormal) from the per-image sums (focal, p m, p, m).
// dice = 1 - mean over images of (2 a + 1) / (c + 1), a the common mass and c the sum of both masses.
// Grid: one invocation.
struct Params {
  batch: u32,
  pixels: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> sums: array<f32>;
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;

@compute @workgroup_size(1)
fn main() {
  let n = f32(p.batch);
  var total = 2.0;
  for (var b = 0u; b < p.batch; b++) {
    let both = sums[4u * b + 1u];
    let prob = sums[4u * b + 2u];
    let truth = sums[4u * b + 3u];
    let rest = p.pixels - prob - truth;
    total += sums[4u * b] / (n * p.pixels);
    total -= (2.0 * both + 1.0) / (prob + truth + 1.0) / n;
    total -= (2.0 * (rest + both) + 1.0) / (p.pixels + rest + 1.0) / n;
  }
  loss[0] = total;
}
