// y = mix |x| a / |a| + (1 - mix) x with a = LeakyReLU(z) of slope 0.01, over rows of d values; saves |x| and |a| of
// each row. As in the published model nothing guards |a| = 0.
//
// For adapters without subgroups: a workgroup owns a row and sums in a tree in its memory. Grid: one workgroup a row.
const WG: u32 = 64u;
alias Sums = vec2f;

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

fn leaky_relu(v: f32) -> f32 { return select(0.01 * v, v, v > 0.0); }

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let row = wid.y * groups.x + wid.x;
  if (row >= p.rows) { return; }
  let at = row * p.d;
  var squares = vec2f();
  for (var i = lid; i < p.d; i += WG) {
    let both = vec2f(x[at + i], leaky_relu(z[at + i]));
    squares += both * both;
  }
  let lengths = sqrt(total(lid, squares));
  let scale = p.mix * lengths.x / lengths.y;
  for (var i = lid; i < p.d; i += WG) { y[at + i] = scale * leaky_relu(z[at + i]) + (1.0 - p.mix) * x[at + i]; }
  if (lid == 0u) {
    norms[2u * row] = lengths.x;
    norms[2u * row + 1u] = lengths.y;
  }
}
