/** Lists as Docker prints them: an aligned table, `--format json` (one object a line), a template, or `table TEMPLATE`. */
import { compileTemplate } from './evaluate.ts';
import { alignColumns } from './table.ts';
import { field, show, toJson } from './value.ts';

export interface ListView<Row> {
  /** The default table's columns: titles by field. */
  readonly columns: readonly (keyof Row & string)[];
  /** Titles of all fields, for `table` templates. */
  readonly titles: Readonly<Record<string, string>>;
}

/** @returns lines without line feeds at their ends. */
export function formatList<Row extends object>(
  rows: readonly Row[],
  view: ListView<Row>,
  format: string | undefined,
): string[] {
  if (format === 'json') return rows.map((row) => toJson(row));
  if (format === undefined || format === '' || format === 'table') {
    const head = view.columns.map((name) => view.titles[name] ?? name);
    return alignColumns([head, ...rows.map((row) => view.columns.map((name) => show(field(row, name))))]);
  }
  const escaped = format.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
  if (escaped.startsWith('table ')) return formatTable(rows, view, escaped.slice(6));
  const template = compileTemplate(escaped);
  return rows.map(template);
}

function formatTable<Row extends object>(rows: readonly Row[], view: ListView<Row>, source: string): string[] {
  const template = compileTemplate(source);
  const head = template(headData(view.titles));
  return alignColumns([head, ...rows.map(template)].map((line) => line.split('\t')));
}

/** Methods such as `.Label "x"` give their argument as the title. */
function headData(titles: Readonly<Record<string, string>>): object {
  return { ...titles, Label: (key: unknown) => String(key) };
}

/** `inspect`: a JSON list of all, or a template run on each. */
export function formatInspect(items: readonly unknown[], format: string | undefined): string[] {
  if (format === undefined || format === '') return [toJson(items, 4)];
  if (format === 'json') return [toJson(items)];
  return items.map(compileTemplate(format));
}
