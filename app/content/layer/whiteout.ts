/**
 * Whiteouts: a layer's markers for what it removes from the layers below (OCI image specification, layer.md), in the
 * form that overlayfs reads: a character device 0:0, and an attribute on a directory that hides all that is below it.
 */
const PREFIX = '.wh.';
const META_PREFIX = '.wh..wh.';
const OPAQUE = '.wh..wh..opq';

export const OPAQUE_XATTR = 'trusted.overlay.opaque';
export const OPAQUE_VALUE = Buffer.from('y');

/**
 * A folder that no other layer has is listed as it is, its whiteouts too, unless it looks copied up (the kernel's
 * ovl_get_inode, "non-merge dir that may have whiteouts"); the empty value says that nobody knows from where.
 */
export const ORIGIN_XATTR = 'trusted.overlay.origin';
export const NO_ORIGIN = Buffer.alloc(0);

export type Marker =
  | { kind: 'none' }
  /** The whole directory hides what is below it. */
  | { kind: 'opaque' }
  | { kind: 'whiteout'; name: string }
  /** AUFS kept its own files under such names; they mean nothing here. */
  | { kind: 'ignored' }
  | { kind: 'invalid' };

/** What an entry's path, split into components, marks. */
export function markerOf(components: readonly string[]): Marker {
  const name = components.at(-1) ?? '';
  if (components.some((component) => component.startsWith(META_PREFIX)))
    return name === OPAQUE && !components.slice(0, -1).some((above) => above.startsWith(PREFIX))
      ? { kind: 'opaque' }
      : { kind: 'ignored' };
  if (components.slice(0, -1).some((above) => above.startsWith(PREFIX))) return { kind: 'invalid' };
  if (!name.startsWith(PREFIX)) return { kind: 'none' };
  const hidden = name.slice(PREFIX.length);
  return ['', '.', '..'].includes(hidden) ? { kind: 'invalid' } : { kind: 'whiteout', name: hidden };
}
