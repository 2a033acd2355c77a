// The backward pass of adapter_mix, with u = a / |a|:
// dx = (1 - mix) dy + mix <dy, u> x / |x| and dz = slope(z) mix |x| / |a| (dy - u <dy, u>).
//
// DX and DZ select what is read and written. Where |x| = 0 the gradient of |x| counts as 0. For adapters without
// subgroups: a workgroup owns a row and sums in a tree in its memory.
// Grid: one workgroup a row.
// V is what a thread loads at a time: f32, or vec4f where 4 divides d; W its values.
const WG: u32 = 64u;
alias V = f32;
const W: u32 = 1u;
alias Sums = f32;
const DX: bool = true;
const DZ: bool = true;

struct Params {
  rows: u32,
  d: u32,
  mix: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<V>;
@group(0) @binding(2) var<storage, read> z: array<V>;
@group(0) @binding(3) var<storage, read> norms: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<V>;
@group(0) @binding(5) var<storage, read_write> dx: array<V>;
@group(0) @binding(6) var<storage, read_write> dz: array<V>;

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

fn leaky_relu_slope(v: V) -> V { return select(V(0.01), V(1.0), v > V()); }

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let row = wid.y * groups.x + wid.x;
  if (row >= p.rows) { return; }
  let n = p.d / W;
  let at = row * n;
  var part = V();
  for (var i = lid; i < n; i += WG) {
    let v = z[at + i];
    part += dy[at + i] * v * leaky_relu_slope(v);
  }
  let norm_x = norms[2u * row];
  let norm_a = norms[2u * row + 1u];
  let along = total(lid, fold(part)) / norm_a; // <dy, u>
  let to_x = select(p.mix * along / norm_x, 0.0, norm_x == 0.0);
  let to_a = p.mix * norm_x / norm_a;
  for (var i = lid; i < n; i += WG) {
    let g = dy[at + i];
    if (DX) { dx[at + i] = (1.0 - p.mix) * g + to_x * x[at + i]; }
    if (DZ) {
      let v = z[at + i];
      dz[at + i] = leaky_relu_slope(v) * to_a * (g - leaky_relu_slope(v) * v * along / norm_a);
    }
  }
}
