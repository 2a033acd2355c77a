// y = (x - mean) / sqrt(var + eps) * weight + bias over rows of d values; saves mean and 1 / sqrt(var + eps) of each.
//
// For adapters without subgroups: a workgroup owns a row and sums in a tree in its memory.
// Row r of y is token start + r % count of sequence r / count; x has `tokens` tokens a sequence.
// Grid: one workgroup a row.
// V is what a thread loads at a time: f32, or vec4f where 4 divides d; W its values.
const WG: u32 = 64u;
alias V = f32;
const W: u32 = 1u;
alias Sums = vec2f;

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

var<workgroup> parts: array<Sums, WG>;

// Sums over the threads of a workgroup, known to all of them. Put a barrier between two calls.
fn total(lid: u32, part: Sums) -> Sums {
  parts[lid] = part;
  workgroupBarrier();
  for (var half = WG / 2u; half > 0u; half /= 2u) {
    if (lid < half) { parts[lid] += parts[lid + half]; }
    workgroupBarrier();
  }
  return parts[0];
}

// The sum of the values of a load.
fn fold(v: V) -> f32 { return dot(vec4f(v), vec4f(f32(W) / 4.0)); }

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let row = wid.y * groups.x + wid.x;
  if (row >= p.rows) { return; }
  let n = p.d / W;
  let at_x = (row / p.count * p.tokens + p.start + row % p.count) * n;
  var sum = V();
  for (var i = lid; i < n; i += WG) { sum += x[at_x + i]; }
  let mean = total(lid, vec2f(fold(sum), 0.0)).x / f32(p.d);
  var errors = V();
  var squares = V();
  for (var i = lid; i < n; i += WG) {
    let v = x[at_x + i] - mean;
    errors += v;
    squares += v * v;
  }
  workgroupBarrier(); // the first sums have been read
  let moments = total(lid, vec2f(fold(errors), fold(squares))) / f32(p.d);
  // The error that rounding the mean left in the differences.
  let delta = moments.x;
  let rstd = inverseSqrt(max(moments.y - delta * delta, 0.0) + p.eps);
  for (var i = lid; i < n; i += WG) {
    y[row * n + i] = (x[at_x + i] - mean - delta) * rstd * weight[i] + bias[i];
  }
  if (lid == 0u) {
    stats[2u * row] = mean + delta;
    stats[2u * row + 1u] = rstd;
  }
}
