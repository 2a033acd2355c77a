// y[o, part, i] = scale * sum over l of x[o, l, i], x being [outer, length, inner]; a long axis is summed in parts, which a
// second run adds up. Grid: one invocation an output.
const WG: u32 = 64u;

struct Params {
  outer: u32,
  length: u32,
  inner: u32,
  parts: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.outer * p.parts * p.inner) { return; }
  let col = i % p.inner;
  let part = i / p.inner % p.parts;
  let o = i / p.inner / p.parts;
  let step = (p.length + p.parts - 1u) / p.parts;
  let end = min(p.length, (part + 1u) * step);
  var sum = 0.0;
  for (var l = part * step; l < end; l++) { sum += x[(o * p.length + l) * p.inner + col]; }
  y[i] = sum * p.scale;
}
