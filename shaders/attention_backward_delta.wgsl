// What the gradients of attention need of a row: delta[z, h, t] = sum of dy * out over the columns of head h, which
// softmax's gradient subtracts along a row, and peaks[z, h, t] = max |dy|, by which kernels on matrix units scale dy.
// Token t of sequence z is at row z*batch + t*row. Neighbours read neighbouring heads.
// Grid: one invocation an output.
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
@group(0) @binding(4) var<storage, read_write> peaks: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.size) { return; }
  let h = i % p.heads;
  let t = i / p.heads % p.length;
  let z = i / (p.heads * p.length);
  let at = ((z * p.batch + t * p.row) * p.heads + h) * p.width;
  var sum = 0.0;
  var most = 0.0;
  for (var e = 0u; e < p.width; e++) {
    sum += dy[at + e] * out[at + e];
    most = max(most, abs(dy[at + e]));
  }
  let to = (z * p.heads + h) * p.length + t;
  delta[to] = sum;
  peaks[to] = most;
}
