/** Docker's description of its API as a judge of answers: JSON schemas of what each endpoint answers with each status. */
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { parse } from 'yaml';

type Schema = Readonly<Record<string, unknown>>;

interface Operation {
  readonly responses: Readonly<Record<string, { readonly schema?: Schema }>>;
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly definitions: Readonly<Record<string, Schema>>;
}

const file = new URL('../docker-compat/docker-engine-api.swagger.yaml', import.meta.url);
const description = parse(readFileSync(file, 'utf8')) as Description;
const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema({ $id: 'docker', definitions: nullable(description.definitions) });

/** Swagger 2 has no null: it is an extension there. Go writes null for each list and map that is empty. */
function nullable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nullable);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, nullable(inner)] as const);
  const schema = Object.fromEntries(entries) as Record<string, unknown>;
  const { type } = schema;
  const empty = type === 'array' || type === 'object' || schema['x-nullable'] === true;
  if (!empty) return typeof schema['$ref'] === 'string' ? { $ref: `docker${schema['$ref']}` } : schema;
  if (typeof schema['$ref'] === 'string') return { anyOf: [{ type: 'null' }, { $ref: `docker${schema['$ref']}` }] };
  return typeof type === 'string' ? { ...schema, type: [type, 'null'] } : schema;
}

/** Where Docker itself answers null against its description. */
const nulls = ['GET /exec/{id}/json: /ExitCode must be integer'];

/** `GET /containers/json` and so on, in the description's order. */
export function operations(): { method: string; path: string }[] {
  return Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((method) => ['get', 'head', 'post', 'put', 'delete'].includes(method))
      .map((method) => ({ method: method.toUpperCase(), path })),
  );
}

/** Names of the fields of a definition, with those of what it includes. */
export function fieldsOf(definition: string): string[] {
  return fieldNames(description.definitions[definition] ?? {});
}

function fieldNames({ properties, allOf, $ref }: Schema): string[] {
  return [
    ...Object.keys(properties ?? {}),
    ...((allOf ?? []) as Schema[]).flatMap(fieldNames),
    ...(typeof $ref === 'string' ? fieldsOf($ref.replace('#/definitions/', '')) : []),
  ];
}

/** What is wrong with the answer; empty when it is as described. That to HEAD has no body. */
export function faults(method: string, path: string, status: number, body: unknown): string[] {
  const response = description.paths[path]?.[method.toLowerCase()]?.responses[String(status)];
  if (response === undefined) return [`${method} ${path} is not described to answer ${status}`];
  if (response.schema === undefined || method === 'HEAD') return [];
  const validate = ajv.compile(nullable(response.schema) as Schema);
  if (validate(body)) return [];
  return (validate.errors ?? [])
    .map(({ instancePath, message }) => `${method} ${path}: ${instancePath} ${message ?? ''}`)
    .filter((fault) => !nulls.includes(fault));
}
