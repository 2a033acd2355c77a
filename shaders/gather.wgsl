// y[r] = sum of x[places[j]] over start[r] <= j < start[r + 1], rows of `width`. The forward pass gives every row
// one place; the backward pass gives it every place that took it. Grid: one invocation an output.
const WG: u32 = 64u;

struct Params {
  size: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> start: array<u32>;
@group(0) @binding(3) var<storage, read> places: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.size) { return; }
  let r = i / p.width;
  var sum = 0.0;
  for (var j = start[r]; j < start[r + 1u]; j++) { sum += x[places[j] * p.width + i % p.width]; }
  y[i] = sum;
}
