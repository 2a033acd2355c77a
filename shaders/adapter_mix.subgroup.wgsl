// y = mix |x| a / |a| + (1 - mix) x with a = LeakyReLU(z) of slope 0.01, over rows of d values; saves |x| and |a| of
// each row. As in the published model nothing guards |a| = 0. MOMENTS: also the mean of every row of y, and the sum of
// squared differences from it.
//
// A subgroup owns a row and a lane every SG-th column: no workgroup memory, no barrier. Grid: WG/SG rows a workgroup.
// V is what a thread loads at a time: f32, or vec4f where 4 divides d; W its values.
enable subgroups;
diagnostic(off, subgroup_uniformity); // lid / SG is the same in all lanes of a subgroup, which the analysis cannot see
const WG: u32 = 64u;
const SG: u32 = 8u;
alias V = f32;
const W: u32 = 1u;
const MOMENTS: bool = false;

struct Params {
  rows: u32,
  d: u32,
  mix: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<V>;
@group(0) @binding(2) var<storage, read> z: array<V>;
@group(0) @binding(3) var<storage, read_write> norms: array<f32>;
@group(0) @binding(4) var<storage, read_write> moments: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> y: array<V>;

// The sum of the values of a load.
fn fold(v: V) -> f32 { return dot(vec4f(v), vec4f(f32(W) / 4.0)); }

fn leaky_relu(v: V) -> V { return select(0.01 * v, v, v > V()); }

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lid: u32, @builtin(subgroup_invocation_id) lane: u32) {
  let row = (wid.y * groups.x + wid.x) * (WG / SG) + lid / SG;
  if (row >= p.rows) { return; }
  let n = p.d / W;
  let at = row * n;
  var xx = V();
  var aa = V();
  var sum_x = V();
  var sum_a = V();
  for (var i = lane; i < n; i += SG) {
    let v = x[at + i];
    let a = leaky_relu(z[at + i]);
    xx += v * v;
    aa += a * a;
    if (MOMENTS) {
      sum_x += v;
      sum_a += a;
    }
  }
  let norm_x = sqrt(subgroupAdd(fold(xx)));
  let norm_a = sqrt(subgroupAdd(fold(aa)));
  let scale = p.mix * norm_x / norm_a;
  var mean = 0.0;
  if (MOMENTS) { mean = subgroupAdd(scale * fold(sum_a) + (1.0 - p.mix) * fold(sum_x)) / f32(p.d); }
  // The mean is known before the second pass, which sums what it leaves; delta is the error of rounding it.
  var errors = V();
  var squares = V();
  for (var i = lane; i < n; i += SG) {
    let mixed = scale * leaky_relu(z[at + i]) + (1.0 - p.mix) * x[at + i];
    y[at + i] = mixed;
    if (MOMENTS) {
      let off = mixed - mean;
      errors += off;
      squares += off * off;
    }
  }
  if (lane == 0u) {
    norms[2u * row] = norm_x;
    norms[2u * row + 1u] = norm_a;
  }
  if (MOMENTS) {
    let delta = subgroupAdd(fold(errors)) / f32(p.d);
    let deviation = subgroupAdd(fold(squares)) - f32(p.d) * delta * delta;
    if (lane == 0u) { moments[row] = vec2f(mean + delta, max(deviation, 0.0)); }
  }
}
