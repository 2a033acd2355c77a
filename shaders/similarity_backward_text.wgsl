// dtext[b, part, e, c] = scale * sum over a part of l of dmap[b, c, l] * feats[b, l, e]; a long sum is taken in parts,
// which are added up afterwards. Grid: one invocation an output.
const WG: u32 = 64u;

struct Params {
  size: u32,
  length: u32,
  width: u32,
  channels: u32,
  parts: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> dmap: array<f32>;
@group(0) @binding(2) var<storage, read> feats: array<f32>;
@group(0) @binding(3) var<storage, read_write> dtext: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.size) { return; }
  let c = i % p.channels;
  let e = i / p.channels % p.width;
  let part = i / (p.channels * p.width) % p.parts;
  let z = i / (p.channels * p.width * p.parts);
  let step = (p.length + p.parts - 1u) / p.parts;
  let end = min(p.length, (part + 1u) * step);
  var sum = 0.0;
  for (var l = part * step; l < end; l++) {
    sum += dmap[(z * p.channels + c) * p.length + l] * feats[(z * p.length + l) * p.width + e];
  }
  dtext[i] = p.scale * sum;
}
