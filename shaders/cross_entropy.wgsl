// y[b] = (log(sum of exp(x[b])) - x[b, label]) / batch: what each row adds to the mean. Grid: one invocation a row.
const WG: u32 = 64u;

struct Params {
  batch: u32,
  classes: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let b = gid.y * groups.x * WG + gid.x;
  if (b >= p.batch) { return; }
  let first = b * p.classes;
  let own = first + labels[b];
  var top = x[first];
  for (var i = first; i < first + p.classes; i++) { top = max(top, x[i]); }
  var sum = 0.0;
  for (var i = first; i < first + p.classes; i++) { sum += exp(x[i] - top); }
  y[b] = (log(sum) + (top - x[own])) / f32(p.batch);
}
