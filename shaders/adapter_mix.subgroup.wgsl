// y = mix |x| a / |a| + (1 - mix) x with a = LeakyReLU(z) of slope 0.01, over rows of d values; saves |x| and |a| of
// each row. As in the published model nothing guards |a| = 0.
//
// A subgroup owns a row and a lane every SG-th column: no workgroup memory, no barrier. Grid: WG/SG rows a workgroup.
enable subgroups;
diagnostic(off, subgroup_uniformity); // lid / SG is the same in all lanes of a subgroup, which the analysis cannot see
const WG: u32 = 64u;
const SG: u32 = 8u;

struct Params {
  rows: u32,
  d: u32,
  mix: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> z: array<f32>;
@group(0) @binding(3) var<storage, read_write> norms: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

fn leaky_relu(v: f32) -> f32 { return select(0.01 * v, v, v > 0.0); }

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lid: u32, @builtin(subgroup_invocation_id) lane: u32) {
  let row = (wid.y * groups.x + wid.x) * (WG / SG) + lid / SG;
  if (row >= p.rows) { return; }
  let at = row * p.d;
  var xx = 0.0;
  var aa = 0.0;
  for (var i = lane; i < p.d; i += SG) {
    let v = x[at + i];
    let a = leaky_relu(z[at + i]);
    xx += v * v;
    aa += a * a;
  }
  let norm_x = sqrt(subgroupAdd(xx));
  let norm_a = sqrt(subgroupAdd(aa));
  let scale = p.mix * norm_x / norm_a;
  for (var i = lane; i < p.d; i += SG) { y[at + i] = scale * leaky_relu(z[at + i]) + (1.0 - p.mix) * x[at + i]; }
  if (lane == 0u) {
    norms[2u * row] = norm_x;
    norms[2u * row + 1u] = norm_a;
  }
}
