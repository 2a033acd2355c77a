// near[r] = the largest cosine of unit row r with the rows chosen so far, brought up to date with the last of them. A row
// that is chosen itself is as near as can be, so that no row is chosen twice. FIRST: nothing was chosen before.
//
// A subgroup owns a row and a lane every SG-th load: no workgroup memory, no barrier. Grid: WG/SG rows a workgroup.
// V is what a lane loads at a time: f32, or vec4f where 4 divides d; W its values.
enable subgroups;
diagnostic(off, subgroup_uniformity); // lid / SG is the same in all lanes of a subgroup, which the analysis cannot see
const WG: u32 = 64u;
const SG: u32 = 8u;
const FIRST: bool = false;
alias V = f32;
const W: u32 = 1u;

struct Params {
  rows: u32,
  d: u32,
  step: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<V>;
@group(0) @binding(2) var<storage, read> chosen: array<u32>;
@group(0) @binding(3) var<storage, read_write> near: array<f32>;

const CHOSEN = 3.4028234e38;

// The sum of the values of a load.
fn fold(v: V) -> f32 { return dot(vec4f(v), vec4f(f32(W) / 4.0)); }

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lid: u32, @builtin(subgroup_invocation_id) lane: u32) {
  let row = (wid.y * groups.x + wid.x) * (WG / SG) + lid / SG;
  if (row >= p.rows) { return; }
  let last = chosen[p.step];
  let n = p.d / W;
  var products = V();
  for (var i = lane; i < n; i += SG) { products += x[row * n + i] * x[last * n + i]; }
  var cosine = subgroupAdd(fold(products));
  if (lane > 0u) { return; }
  if (!FIRST) { cosine = max(cosine, near[row]); }
  near[row] = select(cosine, CHOSEN, row == last);
}
