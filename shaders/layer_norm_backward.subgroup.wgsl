// dx = rstd (g - mean(g) - n mean(g n)) with g = dy * weight and n = (x - mean) rstd: the gradient of layer norm in x.
//
// A subgroup owns a row and a lane every SG-th column: no workgroup memory, no barrier. Of the `tokens` of a sequence
// only start .. start + count - 1 have a row in dy and stats; dx is zero in the others. Grid: WG/SG rows a workgroup.
// V is what a thread loads at a time: f32, or vec4f where 4 divides d; W its values.
enable subgroups;
diagnostic(off, subgroup_uniformity); // lid / SG is the same in all lanes of a subgroup, which the analysis cannot see
const WG: u32 = 64u;
const SG: u32 = 8u;
alias V = f32;
const W: u32 = 1u;

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

// The sum of the values of a load.
fn fold(v: V) -> f32 { return dot(vec4f(v), vec4f(f32(W) / 4.0)); }

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lid: u32, @builtin(subgroup_invocation_id) lane: u32) {
  let row = (wid.y * groups.x + wid.x) * (WG / SG) + lid / SG;
  if (row >= p.rows) { return; }
  let n = p.d / W;
  let at_x = row * n;
  let token = row % p.tokens;
  if (token < p.start || token >= p.start + p.count) {
    for (var i = lane; i < n; i += SG) { dx[at_x + i] = V(); }
    return;
  }
  let row_y = row / p.tokens * p.count + token - p.start;
  let at_y = row_y * n;
  let mean = stats[2u * row_y];
  let rstd = stats[2u * row_y + 1u];
  var sum_g = V();
  var sum_gn = V();
  for (var i = lane; i < n; i += SG) {
    let g = dy[at_y + i] * weight[i];
    sum_g += g;
    sum_gn += g * (x[at_x + i] - mean) * rstd;
  }
  let mean_g = subgroupAdd(fold(sum_g)) / f32(p.d);
  let mean_gn = subgroupAdd(fold(sum_gn)) / f32(p.d);
  for (var i = lane; i < n; i += SG) {
    let normal = (x[at_x + i] - mean) * rstd;
    dx[at_x + i] = rstd * (dy[at_y + i] * weight[i] - mean_g - normal * mean_gn);
  }
}
