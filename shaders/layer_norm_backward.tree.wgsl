// dx = rstd (g - mean(g) - n mean(g n)) with g = dy * weight and n = (x - mean) rstd: the gradient of layer norm in x.
//
// For adapters without subgroups: a workgroup owns a row and sums in a tree in its memory.
// Of the `tokens` of a sequence only start .. start + count - 1 have a row in dy and stats; dx is zero in the others.
// Grid: one workgroup a row of x.
const WG: u32 = 64u;
alias Sums = vec2f;

struct Params {
  rows: u32,
  d: u32,
  tokens: u32,
  start: u32,
  count: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> stats: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;

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

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let row = wid.y * groups.x + wid.x;
  if (row >= p.rows) { return; }
  let at_x = row * p.d;
  let token = row % p.tokens;
  if (token < p.start || token >= p.start + p.count) {
    for (var i = lid; i < p.d; i += WG) { dx[at_x + i] = 0.0; }
    return;
  }
  let row_y = row / p.tokens * p.count + token - p.start;
  let at_y = row_y * p.d;
  let mean = stats[2u * row_y];
  let rstd = stats[2u * row_y + 1u];
  var sums = vec2f();
  for (var i = lid; i < p.d; i += WG) {
    let g = dy[at_y + i] * weight[i];
    sums += vec2f(g, g * (x[at_x + i] - mean) * rstd);
  }
  let means = total(lid, sums) / f32(p.d);
  for (var i = lid; i < p.d; i += WG) {
    let n = (x[at_x + i] - mean) * rstd;
    dx[at_x + i] = rstd * (dy[at_y + i] * weight[i] - means.x - n * means.y);
  }
}
