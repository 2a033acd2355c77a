// The package's default entry is CommonJS under "type": "module" and cannot be loaded; its module build has no types.
declare module 'wgsl_reflect/wgsl_reflect.module.js' {
  export { detectRaces, WgslReflect } from 'wgsl_reflect';
}
