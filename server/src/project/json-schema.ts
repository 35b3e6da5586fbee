/** The JSON schema of `chainwalk.yaml`, from the declaration of its keys. */
import { LINT, PROJECT_FILE, SEVERITY } from './file-shape';
import type { KeyShape, RecordShape, Shape } from './shape';

export type JsonSchema = { readonly [keyword: string]: unknown };

export function projectSchema(): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'chainwalk.yaml',
    description: 'What a folder of iptables rulesets says of its hosts, and of the linter.',
    ...schemaOf(PROJECT_FILE),
    definitions: Object.fromEntries(Object.entries(NAMED).map(([name, shape]) => [name, plainSchema(shape)])),
  };
}

/** What stands in it more than once. */
const NAMED: Readonly<Record<string, Shape>> = { severity: SEVERITY, lint: LINT };

/** Members of a JSON object, each with its summary. */
export function schemaOfKeys(keys: Readonly<Record<string, KeyShape>>): JsonSchema {
  return Object.fromEntries(
    Object.entries(keys).map(([name, { summary, value }]) => [name, { description: summary, ...schemaOf(value) }]),
  );
}

function schemaOf(shape: Shape): JsonSchema {
  const name = Object.keys(NAMED).find((one) => NAMED[one] === shape);
  return name === undefined ? plainSchema(shape) : { $ref: `#/definitions/${name}` };
}

function plainSchema(shape: Shape): JsonSchema {
  switch (shape.kind) {
    case 'text':
      // YAML reads 6.1 as a number.
      return { type: ['string', 'number'] };
    case 'number-or-text':
      return { type: ['number', 'string'] };
    case 'flag':
      return { enum: [true, false, 'yes', 'no'] };
    case 'choice':
      return { type: 'string', enum: Object.keys(shape.choices), enumDescriptions: Object.values(shape.choices) };
    case 'list': {
      const item = schemaOf(shape.of);
      return { anyOf: [item, { type: 'array', items: item }] };
    }
    case 'map':
      return { type: 'object', additionalProperties: schemaOf(shape.of) };
    case 'record':
      return schemaOfRecord(shape);
  }
}

function schemaOfRecord({ keys, required }: RecordShape): JsonSchema {
  return {
    type: 'object',
    additionalProperties: false,
    properties: schemaOfKeys(keys),
    ...(required ? { required } : {}),
  };
}
