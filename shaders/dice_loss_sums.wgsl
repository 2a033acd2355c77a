// y[b, part] = sums of prob * labels, of prob and of labels over every parts-th pixel of image b.
// Grid: one invocation a part of an image.
const WG: u32 = 64u;

struct Params {
  size: u32,
  parts: u32,
  plane: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> prob: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.size) { return; }
  let end = (i / p.parts + 1u) * p.plane;
  var sums = vec3f();
  for (var at = i / p.parts * p.plane + i % p.parts; at < end; at += p.parts) {
    sums += vec3f(prob[at] * labels[at], prob[at], labels[at]);
  }
  y[3u * i] = sums.x;
  y[3u * i + 1u] = sums.y;
  y[3u * i + 2u] = sums.z;
}
