// map[b, c, l] = scale * sum over e of feats[b, l, e] * text[b, e, c].
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
@group(0) @binding(1) var<storage, read> feats: array<f32>;
@group(0) @binding(2) var<storage, read> text: array<f32>;
@group(0) @binding(3) var<storage, read_write> map: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.size) { return; }
  let l = i % p.length;
  let c = i / p.length % p.channels;
  let z = i / (p.length * p.channels);
  let row = (z * p.length + l) * p.width;
  var at = z * p.text_batch + c;
  var sum = 0.0;
  for (var e = 0u; e < p.width; e++) {
    sum += feats[row + e] * text[at];
    at += p.channels;
  }
  map[i] = p.scale * sum;
}
