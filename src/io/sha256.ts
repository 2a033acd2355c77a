/** SHA-256 of bytes, in hexadecimal digits. A browser has it on secure pages only. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Whether {@link sha256} can be used here. */
export const hasSha256 = (): boolean => globalThis.crypto?.subtle !== undefined;
