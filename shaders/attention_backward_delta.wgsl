// delta[z, h, t] = sum of dy * out over the columns of head h: what softmax's backward pass subtracts along a row.
// Token t of sequence z is at row z*batch + t*row. Grid: one invocation an output.
const WG: u32 = 64u;

struct Params {
  size: u32,
  length: u32,
  heads: u32,
  width: u32,
  row: u32,
  batch: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> out: array<f32>;
@group(0) @binding(3) var<storage, read_write> delta: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.size) { return; }
  let z = i / (p.heads * p.length);
  let h = i / p.length % p.heads;
  let token = z * p.batch + i % p.length * p.row;
  let at = (token * p.heads + h) * p.width;
  var sum = 0.0;
  for (var e = 0u; e < p.width; e++) { sum += dy[at + e] * out[at + e]; }
  delta[i] = sum;
}
