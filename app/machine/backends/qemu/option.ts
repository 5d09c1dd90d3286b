/** QEMU's option lists: `kind,key=value,…`; a comma inside a value is written twice (qemu(1), "Device options"). */
export function option(first: string, values: Readonly<Record<string, string | number>> = {}): string {
  const pairs = Object.entries(values).map(([key, value]) => `${key}=${String(value).replaceAll(',', ',,')}`);
  return [first, ...pairs].join(',');
}
