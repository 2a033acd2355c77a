// y = (x - mean) / sqrt(var + eps) * weight + bias over rows of d values; saves mean and 1 / sqrt(var + eps) of each.
//
// A subgroup owns ROWS rows, which share the loads of weight and bias, and a lane every SG-th column: no workgroup
// memory, no barrier. Two passes: the mean, then the differences from it. The error that rounding the mean
// leaves in them (delta) is subtracted too, so that rows far from zero keep their digits.
// Row r of y is token start + r % count of sequence r / count; x has `tokens` tokens a sequence.
// Grid: WG/SG * ROWS rows a workgroup.
// V is what a thread loads at a time: f32, or vec4f where 4 divides d; W its values.
enable subgroups;
diagnostic(off, subgroup_uniformity); // lid / SG is the same in all lanes of a subgroup, which the analysis cannot see
const WG: u32 = 64u;
const SG: u32 = 8u;
alias V = f32;
const W: u32 = 1u;
const ROWS: u32 = 1u;

struct Params {
  rows: u32,
  d: u32,
  tokens: u32,
  start: u32,
  count: u32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<V>;
@group(0) @binding(2) var<storage, read> weight: array<V>;
@group(0) @binding(3) var<storage, read> bias: array<V>;
@group(0) @binding(4) var<storage, read_write> stats: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<V>;

// The sum of the values of a load.
fn fold(v: V) -> f32 { return dot(vec4f(v), vec4f(f32(W) / 4.0)); }

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lid: u32, @builtin(subgroup_invocation_id) lane: u32) {
  let row0 = ((wid.y * groups.x + wid.x) * (WG / SG) + lid / SG) * ROWS;
  if (row0 >= p.rows) { return; }
  let n = p.d / W;
  // Rows beyond the last repeat the last row: the same values are written again.
  var at_x: array<u32, ROWS>;
  var at_y: array<u32, ROWS>;
  var sums: array<V, ROWS>;
  for (var r = 0u; r < ROWS; r++) {
    let row = min(row0 + r, p.rows - 1u);
    at_x[r] = (row / p.count * p.tokens + p.start + row % p.count) * n;
    at_y[r] = row * n;
  }
  for (var i = lane; i < n; i += SG) {
    for (var r = 0u; r < ROWS; r++) { sums[r] += x[at_x[r] + i]; }
  }
  var mean: array<f32, ROWS>;
  for (var r = 0u; r < ROWS; r++) { mean[r] = subgroupAdd(fold(sums[r])) / f32(p.d); }
  var errors: array<V, ROWS>;
  var squares: array<V, ROWS>;
  for (var i = lane; i < n; i += SG) {
    for (var r = 0u; r < ROWS; r++) {
      let v = x[at_x[r] + i] - mean[r];
      errors[r] += v;
      squares[r] += v * v;
    }
  }
  var delta: array<f32, ROWS>;
  var rstd: array<f32, ROWS>;
  for (var r = 0u; r < ROWS; r++) {
    delta[r] = subgroupAdd(fold(errors[r])) / f32(p.d);
    let variance = subgroupAdd(fold(squares[r])) / f32(p.d) - delta[r] * delta[r];
    rstd[r] = inverseSqrt(max(variance, 0.0) + p.eps);
  }
  for (var i = lane; i < n; i += SG) {
    let w = weight[i];
    let b = bias[i];
    for (var r = 0u; r < ROWS; r++) { y[at_y[r] + i] = (x[at_x[r] + i] - mean[r] - delta[r]) * rstd[r] * w + b; }
  }
  if (lane == 0u) {
    for (var r = 0u; r < ROWS; r++) {
      let row = min(row0 + r, p.rows - 1u);
      stats[2u * row] = mean[r] + delta[r];
      stats[2u * row + 1u] = rstd[r];
    }
  }
}
