// Sets every word of a buffer to one bit pattern.
// Grid: one invocation a word.
const WG: u32 = 64u;

struct Params {
  size: u32,
  word: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i < p.size) { y[i] = p.word; }
}
