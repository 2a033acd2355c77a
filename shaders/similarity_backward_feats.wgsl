// dfeats[b, l, e] = scale * sum over c of dmap[b, c, l] * text[b, e, c].
// text_batch: words between the texts of two pictures, 0 for one text. Grid: one invocation an output.
const WG: u32 = 64u;

struct Params {
  size: u32,
  length: u32,
  width: u32,
  channels: u32,
  text_batch: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> dmap: array<f32>;
@group(0) @binding(2) var<storage, read> text: array<f32>;
@group(0) @binding(3) var<storage, read_write> dfeats: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.size) { return; }
  let e = i % p.width;
  let l = i / p.width % p.length;
  let z = i / (p.width * p.length);
  var sum = 0.0;
  for (var c = 0u; c < p.channels; c++) {
    sum += dmap[(z * p.channels + c) * p.length + l] * text[z * p.text_batch + e * p.channels + c];
  }
  dfeats[i] = p.scale * sum;
}
