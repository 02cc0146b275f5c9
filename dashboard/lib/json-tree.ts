/** What a lazy JSON tree shows: children are made when a node is opened, in slices, and long strings are cut. */

export const SLICE = 100;
export const STRING_CUT = 2_000;

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

export interface JsonChild {
  readonly name: string;
  readonly value: unknown;
  /** JSONPath from the root, `$.messages[3].content`. */
  readonly path: string;
}

/** Narrows what JSON.parse gave to something with keys. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A string of `conversation?cut=N`: whole, or only its beginning. */
export interface ReadText {
  readonly text: string;
  /** Length of the whole string where `text` is only its beginning; null when it is all there. */
  readonly characters: number | null;
}

/** What stands in the place of a string that was cut, `{"_weir": {"head", "characters"}}`; null for anything else. */
export function cutOf(value: unknown): ReadText | null {
  if (!isRecord(value) || !isRecord(value['_weir'])) return null;
  const { head, characters } = value['_weir'];
  return typeof head === 'string' && typeof characters === 'number' ? { text: head, characters } : null;
}

/** A string, cut or not; null for what is none. */
export function readText(value: unknown): ReadText | null {
  return typeof value === 'string' ? { text: value, characters: null } : cutOf(value);
}

/** Whether some string inside is not all there. */
export function holdsCut(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return cutOf(value) !== null || Object.values(value).some(holdsCut);
}

export function kindOf(value: unknown): JsonKind {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'number') return 'number';
  return typeof value === 'boolean' ? 'boolean' : 'object';
}

/** How many children a node has; 0 for plain values. */
export function childCount(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return isRecord(value) ? Object.keys(value).length : 0;
}

/** The path of a key below `path`. */
export function joinPath(path: string, name: string): string {
  return /^[A-Za-z_][\w]*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
}

/** Children `0..limit` of an object or array. */
export function childrenOf(value: unknown, path: string, limit: number): JsonChild[] {
  if (Array.isArray(value)) {
    return value
      .slice(0, limit)
      .map((item: unknown, at) => ({ name: String(at), value: item, path: `${path}[${at}]` }));
  }
  if (!isRecord(value)) return [];
  return Object.entries(value)
    .slice(0, limit)
    .map(([name, child]) => ({ name, value: child, path: joinPath(path, name) }));
}

/** A closed node in one line: `{4} type: "text"`, `[12]`. */
export function previewOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.length}]`;
  if (!isRecord(value)) return JSON.stringify(value) ?? 'null';
  const hint = ['type', 'name', 'role', 'id'].flatMap((key) => {
    const held = value[key];
    return typeof held === 'string' ? [`${key}: "${held.slice(0, 40)}"`] : [];
  });
  return `{${Object.keys(value).length}}${hint.length ? ` ${hint.slice(0, 2).join(', ')}` : ''}`;
}

export interface Media {
  readonly mediaType: string;
  readonly bytes: number;
  /** Null where only its beginning is there. */
  readonly base64: string | null;
}

const RASTER_TYPES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);

/** Whether the picture may be shown: raster types only, because SVG can carry script and remote references. */
export function isShowable(media: Media): boolean {
  return (
    media.base64 !== null && RASTER_TYPES.has(media.mediaType) && /^[A-Za-z0-9+/=\s]+$/.test(media.base64)
  );
}

/** Size in bytes of base64 text. */
function base64Bytes(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return Math.max(0, Math.floor((base64.length * 3) / 4) - padding);
}

/** A `data:` address, or a `source` object `{type: "base64", media_type, data}`. */
export function mediaOf(value: unknown): Media | null {
  if (typeof value === 'string') {
    const match = /^data:([\w.+-]+\/[\w.+-]+);base64,/.exec(value.slice(0, 200));
    if (!match) return null;
    const base64 = value.slice(match[0].length);
    return { mediaType: match[1] ?? '', bytes: base64Bytes(base64), base64 };
  }
  if (!isRecord(value) || value['type'] !== 'base64') return null;
  const { data } = value;
  const mediaType =
    typeof value['media_type'] === 'string' ? value['media_type'] : 'application/octet-stream';
  if (typeof data === 'string') return { mediaType, bytes: base64Bytes(data), base64: data };
  const cut = cutOf(data);
  return cut ? { mediaType, bytes: Math.floor(((cut.characters ?? 0) * 3) / 4), base64: null } : null;
}
