// dx = rstd (g - mean(g) - n mean(g n)) with g = dy * weight and n = (x - mean) rstd: the gradient of layer norm in x.
//
// For adapters without subgroups: a workgroup owns a row and sums in a tree in its memory.
// Of the `tokens` of a sequence only start .. start + count - 1 have a row in dy and stats; dx is zero in the others.
// Grid: one workgroup a row of x.
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
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<V>;
@group(0) @binding(2) var<storage, read> weight: array<V>;
@group(0) @binding(3) var<storage, read> stats: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<V>;
@group(0) @binding(5) var<storage, read_write> dx: array<V>;

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
  let at_x = row * n;
  let token = row % p.tokens;
  if (token < p.start || token >= p.start + p.count) {
    for (var i = lid; i < n; i += WG) { dx[at_x + i] = V(); }
    return;
  }
  let row_y = row / p.tokens * p.count + token - p.start;
  let at_y = row_y * n;
  let mean = stats[2u * row_y];
  let rstd = stats[2u * row_y + 1u];
  var sum_g = V();
  var sum_gn = V();
  for (var i = lid; i < n; i += WG) {
    let g = dy[at_y + i] * weight[i];
    sum_g += g;
    sum_gn += g * (x[at_x + i] - mean) * rstd;
  }
  let means = total(lid, vec2f(fold(sum_g), fold(sum_gn))) / f32(p.d);
  for (var i = lid; i < n; i += WG) {
    let normal = (x[at_x + i] - mean) * rstd;
    dx[at_x + i] = rstd * (dy[at_y + i] * weight[i] - means.x - normal * means.y);
  }
}
