// For rows of d values, (0, s): s a power of two that brings the row's largest magnitude into [256, 512).
//
// Kernels that split values into two f16 multiply rows by s first: gradients may be so small that f16 would lose them.
// Magnitudes of 2^-100 and below, or 2^100 and above, count as these; a NaN or an infinity stays one after scaling.
// d is a multiple of 4. Grid: one workgroup a row.
const WG = 64u;

struct Params {
  rows: u32,
  d: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> scales: array<vec2f>;

// Bits of magnitudes: they are ordered as the magnitudes are, and NaN comes last.
var<workgroup> most: array<u32, WG>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let row = wid.y * groups.x + wid.x;
  if (row >= p.rows) { return; }
  var found = vec4u();
  for (var i = lid; i < p.d / 4u; i += WG) {
    found = max(found, bitcast<vec4u>(x[row * (p.d / 4u) + i]) & vec4u(0x7fffffffu));
  }
  most[lid] = max(max(found.x, found.y), max(found.z, found.w));
  workgroupBarrier();
  for (var half = WG / 2u; half > 0u; half /= 2u) {
    if (lid < half) { most[lid] = max(most[lid], most[lid + half]); }
    workgroupBarrier();
  }
  // The exponent's own bits, 127 for [1, 2): 8 more than what takes the row to [1, 2).
  let exponent = clamp(most[0] >> 23u, 27u, 227u);
  if (lid == 0u) { scales[row] = vec2f(0.0, bitcast<f32>((127u + 127u + 8u - exponent) << 23u)); }
}
