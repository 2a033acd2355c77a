// Multiply-adds with nothing else in the way, to find an adapter's ceiling: twelve chains a thread, eight steps a turn.
// Grid: one invocation an output.
const WG: u32 = 64u;

struct Params {
  size: u32,
  turns: u32,
  factor: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = gid.y * groups.x * WG + gid.x;
  if (at >= p.size) { return; }
  let add = f32(at) * 1e-9;
  var a: array<f32, 12>;
  for (var i = 0u; i < 12u; i++) { a[i] = f32(at + i); }
  for (var t = 0u; t < p.turns; t++) {
    for (var s = 0u; s < 8u; s++) {
      for (var i = 0u; i < 12u; i++) { a[i] = a[i] * p.factor + add; }
    }
  }
  var sum = 0.0;
  for (var i = 0u; i < 12u; i++) { sum += a[i]; }
  y[at] = sum;
}
