// The backward pass of adapter_mix, with u = a / |a|:
// dx = (1 - mix) dy + mix <dy, u> x / |x| and dz = slope(z) mix |x| / |a| (dy - u <dy, u>).
//
// DX and DZ select what is read and written. Where |x| = 0 the gradient of |x| counts as 0. A subgroup owns a row and a
// lane every SG-th column: no workgroup memory, no barrier. Grid: WG/SG rows a workgroup.
enable subgroups;
diagnostic(off, subgroup_uniformity); // lid / SG is the same in all lanes of a subgroup, which the analysis cannot see
const WG: u32 = 64u;
const SG: u32 = 8u;
const DX: bool = true;
const DZ: bool = true;

struct Params {
  rows: u32,
  d: u32,
  mix: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> z: array<f32>;
@group(0) @binding(3) var<storage, read> norms: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;
@group(0) @binding(6) var<storage, read_write> dz: array<f32>;

fn leaky_relu_slope(v: f32) -> f32 { return select(0.01, 1.0, v > 0.0); }

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lid: u32, @builtin(subgroup_invocation_id) lane: u32) {
  let row = (wid.y * groups.x + wid.x) * (WG / SG) + lid / SG;
  if (row >= p.rows) { return; }
  let at = row * p.d;
  var part = 0.0;
  for (var i = lane; i < p.d; i += SG) {
    let v = z[at + i];
    part += dy[at + i] * v * leaky_relu_slope(v);
  }
  let norm_x = norms[2u * row];
  let norm_a = norms[2u * row + 1u];
  let along = subgroupAdd(part) / norm_a; // <dy, u>
  let to_x = select(p.mix * along / norm_x, 0.0, norm_x == 0.0);
  let to_a = p.mix * norm_x / norm_a;
  for (var i = lane; i < p.d; i += SG) {
    let g = dy[at + i];
    if (DX) { dx[at + i] = (1.0 - p.mix) * g + to_x * x[at + i]; }
    if (DZ) {
      let v = z[at + i];
      dz[at + i] = leaky_relu_slope(v) * to_a * (g - leaky_relu_slope(v) * v * along / norm_a);
    }
  }
}
