// y[o, at + l, i] = x[o, l, i]: one of the tensors that stand side by side in y, whose axis is out_length long.
// Words of any type are copied as they are. Grid: one invocation a word of x.
const WG: u32 = 64u;

struct Params {
  size: u32,
  in_length: u32,
  out_length: u32,
  inner: u32,
  at: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.size) { return; }
  let run = p.in_length * p.inner;
  y[(i / run * p.out_length + p.at) * p.inner + i % run] = x[i];
}
