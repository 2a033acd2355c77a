// Gradient of the dice loss in one of its two inputs: -dy / batch * (2 other / d - n / d^2), with
// n = 2 sum(prob * labels) + 1 and d = sum(prob) + sum(labels) + 1 from the three sums of each image.
// Grid: one invocation an output.
const WG: u32 = 64u;

struct Params {
  size: u32,
  batch: u32,
  plane: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> sums: array<f32>;
@group(0) @binding(2) var<storage, read> other: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.size) { return; }
  let b = 3u * (i / p.plane);
  let n = 2.0 * sums[b] + 1.0;
  let d = sums[b + 1u] + sums[b + 2u] + 1.0;
  dx[i] = -dy[0] / f32(p.batch) * (2.0 * other[i] / d - n / (d * d));
}
