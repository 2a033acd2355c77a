// dx = (dy - y <y, dy>) / |x|, or dy / 1e-12 where |x| is below that; y is the result of l2_normalize.
//
// A subgroup owns a row and a lane every SG-th column: no workgroup memory, no barrier. Grid: WG/SG rows a workgroup.
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
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> y: array<V>;
@group(0) @binding(2) var<storage, read> norms: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<V>;
@group(0) @binding(4) var<storage, read_write> dx: array<V>;

// The sum of the values of a load.
fn fold(v: V) -> f32 { return dot(vec4f(v), vec4f(f32(W) / 4.0)); }

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lid: u32, @builtin(subgroup_invocation_id) lane: u32) {
  let row = (wid.y * groups.x + wid.x) * (WG / SG) + lid / SG;
  if (row >= p.rows) { return; }
  let n = p.d / W;
  let at = row * n;
  var part = V();
  for (var i = lane; i < n; i += SG) { part += y[at + i] * dy[at + i]; }
  let norm = norms[row];
  // A clamped length does not depend on x, so nothing is subtracted there.
  let along = select(0.0, subgroupAdd(fold(part)), norm >= 1e-12);
  let scale = 1.0 / max(norm, 1e-12);
  for (var i = lane; i < n; i += SG) { dx[at + i] = (dy[at + i] - y[at + i] * along) * scale; }
}
