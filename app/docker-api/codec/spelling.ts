import type * as v from 'valibot';

type Schema = v.GenericSchema;

/**
 * The same with the schema's spelling of names: Go's decoder takes a field's name in any case, and an exact one before
 * others. Keys of maps are data and stay.
 */
export function spelled(schema: Schema, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('wrapped' in schema) return spelled(schema.wrapped as Schema, value);
  if (Array.isArray(value)) return 'item' in schema ? value.map((one) => spelled(schema.item as Schema, one)) : value;
  if (schema.type === 'record' && 'value' in schema) return mapped(value, (key, inner) => [key, schema.value, inner]);
  if (!('entries' in schema)) return value;
  const fields = schema.entries as Readonly<Record<string, Schema>>;
  const names = new Map(Object.keys(fields).map((name) => [name.toLowerCase(), name]));
  return mapped(value, (key, inner) => {
    const name = Object.hasOwn(fields, key) ? key : (names.get(key.toLowerCase()) ?? key);
    const isSaidBetter = name !== key && Object.hasOwn(value, name);
    return isSaidBetter ? undefined : [name, fields[name], inner];
  });
}

type Entry = readonly [key: string, schema: unknown, value: unknown];

function mapped(value: object, entryOf: (key: string, inner: unknown) => Entry | undefined): object {
  const entries = Object.entries(value).flatMap(([key, inner]) => {
    const entry = entryOf(key, inner);
    if (entry === undefined) return [];
    const [name, schema, content] = entry;
    return [[name, schema === undefined ? content : spelled(schema as Schema, content)] as const];
  });
  return Object.fromEntries(entries);
}
